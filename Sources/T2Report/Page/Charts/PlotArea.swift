/// The part of an image in which the values of a chart are drawn, and the mapping from values to positions.
struct PlotArea {
    let left: Double
    let top: Double
    /// The width of the whole image. The area ends before it, since the last label of the horizontal axis reaches past
    /// the area.
    let width: Double
    /// The height of the area alone.
    let height: Double
    let xRange: ClosedRange<Double>
    let yRange: ClosedRange<Double>

    var right: Double { width - 20 }
    var bottom: Double { top + height }

    func x(_ value: Double) -> Double { left + Self.share(value, xRange) * (right - left) }
    func y(_ value: Double) -> Double { bottom - Self.share(value, yRange) * (bottom - top) }

    private static func share(_ value: Double, _ range: ClosedRange<Double>) -> Double {
        (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    }
}
