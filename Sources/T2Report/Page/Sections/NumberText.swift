import Foundation
import T2Core

/// The spelling of numbers in a report.
package enum NumberText {
    /// The text for a missing value.
    static let none = "–"

    /// A share in 0…1 as a percentage, such as `87.5 %`.
    package static func percent(_ share: Double) -> String { fixed(100 * share, 1) + " %" }

    /// An accuracy such as `87.5 %`, or a dash if no problem was judged.
    package static func accuracy(_ value: AccuracyInterval) -> String {
        value.count == 0 ? none : percent(value.accuracy)
    }

    /// The interval of an accuracy in percent, such as `(84.6–89.9)`, or nil if no problem was judged.
    package static func interval(_ value: AccuracyInterval) -> String? {
        value.count == 0 ? nil : "(\(fixed(100 * value.lower, 1))–\(fixed(100 * value.upper, 1)))"
    }

    /// A difference of shares in percentage points, such as `+49.3`.
    package static func points(_ difference: Double) -> String {
        let text = fixed(100 * difference, 1)
        return difference > 0 && text != "0.0" ? "+" + text : text
    }

    /// A p-value with four decimals, such as `0.0125`, or `< 0.0001`.
    package static func pValue(_ value: Double) -> String { value < 0.0001 ? "< 0.0001" : fixed(value, 4) }

    /// A whole number with its digits in groups of three, such as `27,512`.
    package static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return (value < 0 ? minus : "") + text
    }

    /// A number of bytes in binary units, such as `6.8 MiB`.
    package static func bytes(_ value: Int) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var amount = Double(value)
        var unit = 0
        while amount >= 1024, unit < units.count - 1 {
            amount /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count(value)) B" : "\(fixed(amount, 1)) \(units[unit])"
    }

    /// A number with a fixed number of decimals and the minus sign U+2212. Zero has no sign.
    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        let text = String(format: "%.\(decimals)f", abs(value))
        let isZero = text.allSatisfy { $0 == "0" || $0 == "." }
        return (value < 0 && !isZero ? minus : "") + text
    }

    private static let minus = "\u{2212}"
}
