/// A piece of a LaTeX answer. There are no tokens for layout, styles, percent and currency signs; synonyms share one.
struct LatexToken: Equatable {
    enum Kind: Equatable {
        /// Digits with at most one point, without separators; after a point, `(…)` holds repeating digits.
        case number(String)
        /// A variable of one letter, or the name of a symbol such as `alpha`, `pi` or `infty`.
        case letter(String)
        /// A command with arguments, or a function: `frac`, `sqrt`, `sin`.
        case command(String)
        /// Brackets, operators and relations; `{` and `}` only group.
        case symbol(Character)
        /// `\{` and `\}`.
        case openSet
        case closeSet
        /// Words in lower case: the content of `\text{…}`, or a unit.
        case text(String)
        case degree
        case begin(String)
        case end(String)
        /// `\\` in a matrix.
        case newRow
    }

    let kind: Kind
    /// True if white space comes before the token.
    let isSpaced: Bool

    /// The text that is compared if an answer does not parse.
    var spelling: String {
        switch kind {
        case .number(let text), .letter(let text), .text(let text): text
        case .command(let name): "\\\(name)"
        case .symbol(let symbol): String(symbol)
        case .openSet: "\\{"
        case .closeSet: "\\}"
        case .degree: "°"
        case .begin(let name): "\\begin \(name)"
        case .end(let name): "\\end \(name)"
        case .newRow: "\\\\"
        }
    }
}
