/// A mathematical answer in LaTeX or plain text.
///
/// Two answers are equal if their normal forms are equal (see `LatexExpression`), or if both stand for a number and the
/// numbers are equal; tuples, intervals, sets, unions, relations and matrices are compared part by part. In detail:
/// - Units, degrees, percent and currency signs are ignored: `10\text{ cm}`, `10\%` and `\$10` are 10; 50% is not 0.5.
/// - A short left side (`x =`, `x \in`) is ignored.
/// - `1,234` and `1{,}234` are thousands; `1, 234` and everything in brackets are several values. The order of a list
///   or tuple counts, that of a set or union does not. A list is no tuple and no set.
/// - `(a, b)` is a pair or an open interval; the two are not told apart.
/// - A number with a subscript is another number: `10_2` is not 10.
/// - A word is compared without regard to capitals and `\text`; a single letter in brackets or a text is that letter.
/// - An answer that does not parse, or nests deeper than `LatexParser.depthLimit`, is compared token by token; an
///   answer longer than `lengthLimit` bytes is compared as text without white space.
///
/// Equality is transitive except for Doubles that differ by about 1e-9.
///
/// - Cost: linear in the completion; the parsed answer is bounded by `lengthLimit`.
package struct LatexAnswer: Equatable, Sendable {
    package static let lengthLimit = 1024

    /// The answer as written, without white space around it.
    package let text: String

    /// The content of the last `\boxed{…}` or `\fbox{…}`, or the rest of the formula or line after a `\boxed` without
    /// braces. Nil if there is none, if it is empty, or if the last one never closes.
    ///
    /// - Parameter report: receives numbers of bytes looked at.
    package init?(inCompletion completion: String, steps report: (Int) -> Void = { _ in }) {
        let bytes = Array(completion.utf8)
        let markers = AnswerMarkers(bytes)
        report(markers.steps)
        guard !markers.endsInOpenBox, let content = markers.markers.last(where: { $0.kind == .box })?.boxContent else {
            return nil
        }
        report(content.count)
        self.init(String(decoding: bytes[content], as: UTF8.self))
        if text.isEmpty { return nil }
    }

    package init(_ gold: String) {
        let scalars = gold.utf8.drop { $0.isWhitespace }
        let count = scalars.reversed().drop { $0.isWhitespace }.count
        text = String(decoding: scalars.prefix(count), as: UTF8.self)
    }

    package static func == (a: LatexAnswer, b: LatexAnswer) -> Bool {
        if a.text.utf8.elementsEqual(b.text.utf8) { return true }
        guard a.text.utf8.count <= lengthLimit, b.text.utf8.count <= lengthLimit else {
            let first = a.text.utf8.lazy.filter { !$0.isWhitespace }
            return first.elementsEqual(b.text.utf8.lazy.filter { !$0.isWhitespace })
        }
        if let first = LatexWords(a.text), let second = LatexWords(b.text), first.areCertain || second.areCertain {
            return first.words == second.words
        }
        let (first, second) = (LatexLexer.tokens(of: a.text), LatexLexer.tokens(of: b.text))
        if let left = LatexParser.parse(first), let right = LatexParser.parse(second) { return left.isEqual(to: right) }
        return first.map(\.spelling) == second.map(\.spelling)
    }
}
