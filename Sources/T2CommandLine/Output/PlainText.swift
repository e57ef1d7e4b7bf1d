import Foundation

/// Formats numbers and tables for people.
package enum PlainText {
    /// `27,512`.
    package static func count(_ value: Int) -> String {
        var digits = String(abs(value))
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (value < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// `6.8 MiB`.
    package static func bytes(_ value: Int) -> String {
        var amount = Double(value)
        var unit = 0
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        while amount >= 1024, unit < units.count - 1 {
            amount /= 1024
            unit += 1
        }
        return unit == 0 ? "\(value) B" : String(format: "%.1f %@", amount, units[unit])
    }

    package static func percent(_ value: Double) -> String { String(format: "%.1f", 100 * value) }

    /// Left-aligned names beside their values.
    package static func table(_ rows: [(name: String, value: String)]) -> String {
        let width = rows.map(\.name.count).max() ?? 0
        return rows.map { $0.name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + $0.value + "\n" }.joined()
    }

    /// A table with a header: the first `textColumns` columns left-aligned, the others, numbers, right-aligned.
    package static func columns(_ header: [String], _ rows: [[String]], textColumns: Int) -> String {
        let lines = [header] + rows
        let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            let cells = line.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                return column < textColumns ? cell + blanks : blanks + cell
            }
            let text = cells.joined(separator: "  ")
            return text.prefix(through: text.lastIndex { $0 != " " } ?? text.startIndex) + "\n"
        }.joined()
    }
}
