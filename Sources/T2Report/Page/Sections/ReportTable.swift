/// The content of a table, which HTML and Markdown show alike.
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
        /// The interval of the value, parentheses included.
        let interval: String?
        /// Further remarks, such as n if it differs from cell to cell.
        let notes: [String]
        /// Whether the value is the best in its column.
        let isBest: Bool

        init(_ text: String, interval: String? = nil, notes: [String] = [], isBest: Bool = false) {
            self.text = text
            self.interval = interval
            self.notes = notes
            self.isBest = isBest
        }
    }

    let caption: String
    /// The columns. The first one holds the names of the rows.
    let columns: [Column]
    let rows: [[Cell]]
    /// Whether HTML shows the table folded, because a figure shows the same numbers.
    let isFolded: Bool

    init(caption: String, columns: [Column], rows: [[Cell]], isFolded: Bool = false) {
        self.caption = caption
        self.columns = columns
        self.rows = rows
        self.isFolded = isFolded
    }
}
