import Foundation
import T2Report

/// Formats numbers and tables for people.
package enum PlainText {
    /// `27,512`.
    package static func count(_ value: Int) -> String { NumberText.count(value) }

    /// `6.8 MiB`.
    package static func bytes(_ value: Int) -> String { value < 1024 ? "\(value) B" : NumberText.bytes(value) }

    package static func percent(_ value: Double) -> String { String(format: "%.1f", 100 * value) }

    /// `code 0.250, math 0.700`: the coefficient of each expert, as a mean if there is one for each matrix.
    package static func coefficients(_ values: [String: [Double]]) -> String {
        values.sorted { $0.key < $1.key }.map { "\($0) \(mean($1))" }.joined(separator: ", ")
    }

    /// `0.250`.
    static func mean(_ values: [Double]) -> String {
        String(format: "%.3f", values.reduce(0, +) / Double(values.count))
    }

    /// Left-aligned names beside their values.
    package static func table(_ rows: [(name: String, value: String)]) -> String {
        let width = rows.map(\.name.count).max() ?? 0
        return rows.map { $0.name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + $0.value + "\n" }.joined()
    }

    /// A table of matrices: their names, left-aligned, and columns of numbers, right-aligned in a width of 11.
    package static func matrices(_ header: [String], _ rows: [[String]]) -> String {
        let width = rows.map(\.[0].count).max() ?? 0
        return ([["matrix"] + header] + rows).map { row in
            row[0].padding(toLength: width, withPad: " ", startingAt: 0)
                + row.dropFirst().map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined() + "\n"
        }.joined()
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
