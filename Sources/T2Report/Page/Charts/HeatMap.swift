/// A table of numbers in which a cell is the darker the larger its share is.
package struct HeatMap: Chart {
    package struct Cell {
        let text: String
        /// The text of a second, smaller line.
        let detail: String?
        /// How dark the cell is, in 0…1.
        let share: Double

        package init(text: String, detail: String?, share: Double) {
            self.text = text
            self.detail = detail
            self.share = share
        }
    }

    let title: String
    /// What a row stands for.
    let rowLabel: String
    /// What a column stands for.
    let columnLabel: String
    let rows: [String]
    let columns: [String]
    /// The cells, [rows, columns].
    let cells: [[Cell]]

    package init(
        title: String, rowLabel: String, columnLabel: String, rows: [String], columns: [String], cells: [[Cell]]
    ) {
        self.title = title
        self.rowLabel = rowLabel
        self.columnLabel = columnLabel
        self.rows = rows
        self.columns = columns
        self.cells = cells
    }

    private static let widestLabel = 220.0
    private static let lineHeight = 14.0
    private static let mostLines = 3
    /// The colour of a cell with share 1 on a light page. Cells with smaller shares are mixed with the ground.
    package static let lightColor = "#06366b"
    /// The colour of a cell with share 1 on a dark page.
    package static let darkColor = "#64acec"
    /// The share from which on a cell's text has the lightness of the ground. At this share, black and white text have
    /// about the same contrast on both pages.
    package static let darkShare = 0.65

    package func image(id: String) -> Markup {
        let left = 16 + min(Self.widestLabel, rows.map { Drawing.width($0) }.max() ?? 0)
        let texts = cells.joined().map { Drawing.width($0.text) }
        let columnWidth = max(
            64, min(130, 16 + max(columns.map { Drawing.width($0) }.max() ?? 0, texts.max() ?? 0)))
        let columnLines = columns.map { Drawing.wrapped($0, width: columnWidth - 8, lines: Self.mostLines) }
        let top = 54 + Self.lineHeight * Double(columnLines.map(\.count).max() ?? 1)
        let rowHeight: Double = cells.joined().contains { $0.detail != nil } ? 44 : 26
        let heading = "rows: \(rowLabel); columns: \(columnLabel)"
        let width = max(
            left + columnWidth * Double(columns.count) + 8, Drawing.width(title, size: 13) + 12,
            Drawing.width(heading) + 12)
        var content = [
            Drawing.label(title, x: 4, y: 16, style: "title"), Drawing.label(heading, x: 4, y: 34, style: "axis"),
        ]
        for (index, lines) in columnLines.enumerated() {
            for (line, text) in lines.reversed().enumerated() {
                content.append(
                    Drawing.label(
                        text, x: left + (Double(index) + 0.5) * columnWidth,
                        y: top - 8 - Double(line) * Self.lineHeight, .middle))
            }
        }
        for (index, row) in rows.enumerated() {
            let y = top + Double(index) * rowHeight
            content.append(
                Drawing.label(
                    Drawing.fitted(row, width: Self.widestLabel), x: left - 8, y: y + rowHeight / 2 + 4, .end))
            for (column, cell) in cells[index].enumerated() {
                content += markup(
                    cell, x: left + Double(column) * columnWidth, y: y, width: columnWidth, height: rowHeight)
            }
        }
        return Drawing.image(
            id: id, title: title, description: description, width: width,
            height: top + rowHeight * Double(rows.count) + 6, content)
    }

    private func markup(_ cell: Cell, x: Double, y: Double, width: Double, height: Double) -> [Markup] {
        let isDark = cell.share >= Self.darkShare
        let middle = y + height / 2
        var parts = [
            Drawing.rectangle(
                x: x + 1, y: y + 1, width: width - 2, height: height - 2, style: "cell-ground", radius: 2),
            Drawing.rectangle(
                x: x + 1, y: y + 1, width: width - 2, height: height - 2, style: "cell",
                opacity: min(1, max(0, cell.share)), radius: 2),
            Drawing.label(
                cell.text, x: x + width / 2, y: cell.detail == nil ? middle + 4 : middle - 2, .middle,
                style: isDark ? "number on-dark" : "number"),
        ]
        if let detail = cell.detail {
            parts.append(
                Drawing.label(
                    detail, x: x + width / 2, y: middle + 14, .middle, style: isDark ? "detail on-dark" : "detail"))
        }
        return parts
    }

    private var description: String {
        zip(rows, cells).map { row, cells in
            "\(row): " + zip(columns, cells).map { "\($0) \($1.text)" }.joined(separator: ", ") + "."
        }.joined(separator: " ")
    }
}
