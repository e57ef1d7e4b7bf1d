extension PlainText {
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
