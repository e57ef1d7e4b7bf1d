/// The tables of a report as Markdown, for a README.
package enum MarkdownReport {
    /// The text of the report.
    ///
    /// - Throws: `InputError` if the document cannot be shown.
    package static func text(_ document: ReportDocument) throws -> String {
        try document.check()
        var blocks = ["# \(escape(document.title))"] + document.summary.map(escape)
        let facts =
            document.models.map { ("base model \($0.name)", [$0.digest, $0.detail].compactMap { $0 }) }
            + document.facts.map { ($0.name, [$0.value]) }
        if !facts.isEmpty {
            blocks.append(
                facts.map { "- \(escape($0.0)): \(escape($0.1.joined(separator: ", ")))" }.joined(separator: "\n"))
        }
        for section in ReportSection.all(of: document) {
            blocks.append("## \(escape(section.title))")
            blocks += section.paragraphs.map(escape)
            for case .table(let table) in section.blocks { blocks.append(markdown(table)) }
        }
        return blocks.joined(separator: "\n\n") + "\n"
    }

    private static func markdown(_ table: ReportTable) -> String {
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        let lines =
            [line(table.columns.map { escape($0.title) }), line(table.columns.map { $0.isNumeric ? "--:" : ":--" })]
            + table.rows.map { row in line(row.map(markdown)) }
        return escape(table.caption) + ":\n\n" + lines.joined(separator: "\n")
    }

    private static func markdown(_ cell: ReportTable.Cell) -> String {
        let text = escape(cell.text)
        let value = (cell.isBest ? "**\(text)**" : text) + (cell.interval.map { " " + escape($0) } ?? "")
        return ([value] + cell.notes.map(escape)).joined(separator: ", ")
    }

    /// The text with Markdown's special characters escaped and its newlines replaced by spaces.
    package static func escape(_ text: String) -> String {
        var output = ""
        for character in text {
            if character.isNewline {
                output += " "
            } else {
                if "\\`*_<>[]|#&".contains(character) { output += "\\" }
                output.append(character)
            }
        }
        return output
    }
}
