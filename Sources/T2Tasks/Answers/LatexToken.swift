/// A piece of a LaTeX answer. Layout, styles, percent and currency signs are gone; synonyms share one token.
struct LatexToken: Equatable {
    enum Kind: Equatable {
        /// Digits with at most one point, without separators; after a point, `(…)` holds digits that repeat.
        case number(String)
        /// A variable of one letter, or the name of a symbol such as `alpha`, `pi` or `infty`.
        case letter(String)
        /// A command with arguments, or a function: `frac`, `sqrt`, `sin`.
        case command(String)
        /// Brackets, operators and relations; `{` and `}` group and are never printed.
        case symbol(Character)
        /// `\{` and `\}`.
        case openSet
        case closeSet
        /// Words, in lower case: the content of `\text{…}`, or a unit.
        case text(String)
        case degree
        case begin(String)
        case end(String)
        /// `\\` in a matrix.
        case newRow
    }

    let kind: Kind
    /// White space stands before it.
    let isSpaced: Bool

    /// As compared where an answer follows no grammar.
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
