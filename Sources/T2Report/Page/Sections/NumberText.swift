import Foundation
import T2Core

/// Numbers as a report shows them.
enum NumberText {
    /// In the place of a value that there is none of.
    static let none = "–"

    /// `87.5 %`.
    static func percent(_ share: Double) -> String { fixed(100 * share, 1) + " %" }

    /// `87.5 %`; a dash if nothing was judged.
    static func accuracy(_ value: AccuracyInterval) -> String { value.count == 0 ? none : percent(value.accuracy) }

    /// `(84.6–89.9)`; nil if nothing was judged.
    static func interval(_ value: AccuracyInterval) -> String? {
        value.count == 0 ? nil : "(\(fixed(100 * value.lower, 1))–\(fixed(100 * value.upper, 1)))"
    }

    /// A difference of shares in percentage points: `+49.3`.
    static func points(_ difference: Double) -> String { signed(100 * difference, 1) }

    /// `0.0125`, `< 0.0001`.
    static func pValue(_ value: Double) -> String { value < 0.0001 ? "< 0.0001" : fixed(value, 4) }

    /// `27,512`.
    static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return (value < 0 ? minus : "") + text
    }

    /// `6.8 MiB`.
    static func bytes(_ value: Int) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var amount = Double(value)
        var unit = 0
        while amount >= 1024, unit < units.count - 1 {
            amount /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count(value)) B" : "\(fixed(amount, 1)) \(units[unit])"
    }

    /// So many decimals, with a true minus sign and never a negative zero.
    static func fixed(_ value: Double, _ decimals: Int) -> String {
        let text = String(format: "%.\(decimals)f", abs(value))
        let isZero = text.allSatisfy { $0 == "0" || $0 == "." }
        return (value < 0 && !isZero ? minus : "") + text
    }

    /// `fixed`, with a plus sign where it is one.
    static func signed(_ value: Double, _ decimals: Int) -> String {
        let text = fixed(value, decimals)
        let isZero = text.allSatisfy { $0 == "0" || $0 == "." }
        return value > 0 && !isZero ? "+" + text : text
    }

    private static let minus = "\u{2212}"
}
