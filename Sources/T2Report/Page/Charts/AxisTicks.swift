import Foundation

/// Round numbers along an axis: steps of 1, 2 or 5 times a power of ten, reaching over the values at both ends.
///
/// - Source: P. S. Heckbert, "Nice numbers for graph labels", Graphics Gems (1990).
struct AxisTicks: Equatable {
    let values: [Double]
    /// Decimals that tell neighbours apart.
    let decimals: Int

    var range: ClosedRange<Double> { values[0]...values[values.count - 1] }

    /// - Parameters:
    ///   - count: about how many are wanted, 2 or more.
    ///   - whole: true for what is counted, such as steps.
    init(_ range: ClosedRange<Double>, count: Int = 5, whole: Bool = false) {
        precondition(range.lowerBound.isFinite && range.upperBound.isFinite && count >= 2)
        let range = Self.widened(range)
        var step = Self.round((range.upperBound - range.lowerBound) / Double(count - 1))
        if whole { step = max(1, step) }
        let first = (range.lowerBound / step + 1e-9).rounded(.down)
        let last = (range.upperBound / step - 1e-9).rounded(.up)
        // Products, not sums: no rounding error adds up from tick to tick.
        values = (0...Int(last - first)).map { (first + Double($0)) * step }
        decimals = max(0, -Int((log10(step) + 1e-9).rounded(.down)))
    }

    /// A range that has a length: one value is given room on both sides.
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
