/// The part of an image in which the values of a chart are drawn, and the mapping from values to positions.
struct PlotArea {
    let left: Double
    let right: Double
    let top: Double
    let bottom: Double
    private let xRange: ClosedRange<Double>
    private let yRange: ClosedRange<Double>

    /// - Parameters:
    ///   - width: the width of the whole image. The area ends before it, since the last label of the horizontal axis
    ///     reaches past the area.
    ///   - height: the height of the area alone.
    init(
        left: Double, top: Double, width: Double, height: Double, xRange: ClosedRange<Double>,
        yRange: ClosedRange<Double>
    ) {
        self.left = left
        right = width - 20
        self.top = top
        bottom = top + height
        self.xRange = xRange
        self.yRange = yRange
    }

    func x(_ value: Double) -> Double { left + Self.share(value, xRange) * (right - left) }
    func y(_ value: Double) -> Double { bottom - Self.share(value, yRange) * (bottom - top) }

    private static func share(_ value: Double, _ range: ClosedRange<Double>) -> Double {
        (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    }
}
