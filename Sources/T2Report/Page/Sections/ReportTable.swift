/// A table as it is read, before it is HTML or Markdown.
struct ReportTable {
    struct Column {
        let title: String
        let isNumeric: Bool

        init(_ title: String, isNumeric: Bool = true) {
            self.title = title
            self.isNumeric = isNumeric
        }
    }

    struct Cell {
        let text: String
        /// The value's interval, in its parentheses.
        let interval: String?
        /// What else there is to say, such as n where it differs from cell to cell.
        let notes: [String]
        /// The best of its column.
        let isBest: Bool

        init(_ text: String, interval: String? = nil, notes: [String] = [], isBest: Bool = false) {
            self.text = text
            self.interval = interval
            self.notes = notes
            self.isBest = isBest
        }
    }

    let caption: String
    /// The first names the rows.
    let columns: [Column]
    let rows: [[Cell]]
    /// True for what a figure shows as well: HTML folds it away.
    let isFolded: Bool

    init(caption: String, columns: [Column], rows: [[Cell]], isFolded: Bool = false) {
        self.caption = caption
        self.columns = columns
        self.rows = rows
        self.isFolded = isFolded
    }
}
