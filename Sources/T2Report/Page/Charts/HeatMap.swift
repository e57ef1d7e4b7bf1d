/// A confusion matrix in which a cell is the darker the larger its share of the row is.
package struct HeatMap: Chart {
    private let matrix: ConfusionMatrix

    package init(_ matrix: ConfusionMatrix) { self.matrix = matrix }

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
        let (title, rows, columns) = (matrix.name, matrix.categories, matrix.decisions)
        let left = 16 + min(Self.widestLabel, rows.map { Drawing.width($0) }.max() ?? 0)
        let texts = matrix.counts.joined().map { Drawing.width(NumberText.count($0)) }
        let columnWidth = max(
            64, min(130, 16 + max(columns.map { Drawing.width($0) }.max() ?? 0, texts.max() ?? 0)))
        let columnLines = columns.map { Drawing.wrapped($0, width: columnWidth - 8, lines: Self.mostLines) }
        let top = 54 + Self.lineHeight * Double(columnLines.map(\.count).max() ?? 1)
        let rowHeight: Double = matrix.counts.joined().contains { $0 > 0 } ? 44 : 26
        let heading = "rows: true category; columns: decided"
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
            let total = matrix.counts[index].reduce(0, +)
            for (column, count) in matrix.counts[index].enumerated() {
                content += markup(
                    count, of: total, x: left + Double(column) * columnWidth, y: y, width: columnWidth,
                    height: rowHeight)
            }
        }
        return Drawing.image(
            id: id, title: title, description: description, width: width,
            height: top + rowHeight * Double(rows.count) + 6, content)
    }

    /// A cell: the count, and in a second, smaller line its share of the row, unless the row is empty.
    private func markup(_ count: Int, of total: Int, x: Double, y: Double, width: Double, height: Double) -> [Markup] {
        let share = total == 0 ? 0 : Double(count) / Double(total)
        let isDark = share >= Self.darkShare
        let middle = y + height / 2
        var parts = [
            Drawing.rectangle(
                x: x + 1, y: y + 1, width: width - 2, height: height - 2, style: "cell-ground", radius: 2),
            Drawing.rectangle(
                x: x + 1, y: y + 1, width: width - 2, height: height - 2, style: "cell",
                opacity: share, radius: 2),
            Drawing.label(
                NumberText.count(count), x: x + width / 2, y: total == 0 ? middle + 4 : middle - 2, .middle,
                style: isDark ? "number on-dark" : "number"),
        ]
        if total > 0 {
            parts.append(
                Drawing.label(
                    NumberText.percent(share), x: x + width / 2, y: middle + 14, .middle,
                    style: isDark ? "detail on-dark" : "detail"))
        }
        return parts
    }

    private var description: String {
        zip(matrix.categories, matrix.counts).map { row, counts in
            "\(row): " + zip(matrix.decisions, counts).map { "\($0) \(NumberText.count($1))" }.joined(separator: ", ")
                + "."
        }.joined(separator: " ")
    }
}
