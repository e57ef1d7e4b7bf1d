import T2Core

/// The content of a table, which HTML and Markdown show alike.
struct ReportTable {
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

        init(_ accuracy: AccuracyInterval, notes: [String], isBest: Bool = false) {
            self.init(
                NumberText.accuracy(accuracy), interval: NumberText.interval(accuracy), notes: notes, isBest: isBest)
        }

        static let missing = Cell(NumberText.none)
    }

    let caption: String
    /// The titles of the first columns, which hold names.
    let names: [String]
    /// The titles of the other columns, which hold numbers.
    let numbers: [String]
    let rows: [[Cell]]
    /// Whether HTML shows the table folded, because a figure shows the same numbers.
    var isFolded = false

    var columns: [(title: String, isNumeric: Bool)] { names.map { ($0, false) } + numbers.map { ($0, true) } }
}
