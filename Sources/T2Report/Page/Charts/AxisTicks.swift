import Foundation

/// Round numbers along an axis, in steps of 1, 2 or 5 times a power of ten. The first and the last tick enclose the
/// values.
///
/// - Source: P. S. Heckbert, "Nice numbers for graph labels", Graphics Gems (1990).
package struct AxisTicks: Equatable {
    package let values: [Double]
    /// The number of decimals with which neighbouring ticks differ.
    package let decimals: Int

    package var range: ClosedRange<Double> { values[0]...values[values.count - 1] }

    /// - Parameters:
    ///   - range: the values to enclose.
    ///   - count: the approximate number of ticks, 2 or more.
    ///   - whole: whether all ticks must be whole numbers, as for steps.
    package init(_ range: ClosedRange<Double>, count: Int = 5, whole: Bool = false) {
        precondition(range.lowerBound.isFinite && range.upperBound.isFinite && count >= 2)
        let range = Self.widened(range)
        var step = Self.round((range.upperBound - range.lowerBound) / Double(count - 1))
        if whole { step = max(1, step) }
        let first = (range.lowerBound / step + 1e-9).rounded(.down)
        let last = (range.upperBound / step - 1e-9).rounded(.up)
        // Each tick is a product, because rounding errors of a sum would accumulate from tick to tick.
        values = (0...Int(last - first)).map { (first + Double($0)) * step }
        decimals = max(0, -Int((log10(step) + 1e-9).rounded(.down)))
    }

    /// The range itself, or one with room on both sides if it holds only one value.
    private static func widened(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
        let size = max(abs(range.lowerBound), abs(range.upperBound))
        guard range.upperBound - range.lowerBound <= 1e-9 * size || size < 1e-12 else { return range }
        guard size >= 1e-12 else { return 0...1 }
        return (range.lowerBound - size / 2)...(range.upperBound + size / 2)
    }

    /// The nearest of 1, 2, 5 and 10 times a power of ten.
    private static func round(_ value: Double) -> Double {
        let power = pow(10, (log10(value) + 1e-9).rounded(.down))
        let fraction = value / power
        let nice: Double = fraction < 1.5 ? 1 : fraction < 3 ? 2 : fraction < 7 ? 5 : 10
        return nice * power
    }
}
