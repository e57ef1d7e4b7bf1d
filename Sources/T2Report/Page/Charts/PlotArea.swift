/// Where the values of a chart lie on its image.
struct PlotArea {
    let left: Double
    let right: Double
    let top: Double
    let bottom: Double
    private let xRange: ClosedRange<Double>
    private let yRange: ClosedRange<Double>

    /// - Parameters:
    ///   - width: of the whole image; the last label of the horizontal axis reaches past the area.
    ///   - height: of the area alone.
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
