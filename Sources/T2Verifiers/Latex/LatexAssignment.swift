/// The short left side that names an answer: `x =`, `f(x) =`, `(x, y) =`, `x \in`, `\angle ABC =`, `\text{Area} =`.
enum LatexAssignment {
    /// The tokens without the left side. A list loses it if all items have the same: `x = 1, x = 2` is `1, 2`.
    static func removed(from tokens: [LatexToken]) -> [LatexToken] {
        let relations = tokens.indices.filter { index in
            if case .symbol(let symbol) = tokens[index].kind {
                LatexVocabulary.relations.contains(symbol)
            } else {
                false
            }
        }
        guard let first = relations.first, [.symbol("="), .symbol("∈")].contains(tokens[first].kind) else {
            return tokens
        }
        if relations.count == 1 {
            return isName(tokens[..<first].map(\.kind)) ? Array(tokens[(first + 1)...]) : tokens
        }
        let items = itemStarts(tokens)
        guard first == 1, items.count == relations.count, case .letter = tokens[0].kind else { return tokens }
        let name = tokens[..<2].map(\.kind)
        guard items.allSatisfy({ tokens[$0...].prefix(2).map(\.kind) == name }) else { return tokens }
        let removed = Set(items.flatMap { [$0, $0 + 1] })
        return tokens.indices.filter { !removed.contains($0) }.map { tokens[$0] }
    }

    /// The indices of the first token and of those after a comma outside of brackets.
    private static func itemStarts(_ tokens: [LatexToken]) -> [Int] {
        var starts = [0]
        var depth = 0
        for (index, token) in tokens.enumerated() {
            switch token.kind {
            case .symbol("("), .symbol("["), .symbol("{"), .openSet: depth += 1
            case .symbol(")"), .symbol("]"), .symbol("}"), .closeSet: depth -= 1
            case .symbol(",") where depth == 0: starts.append(index + 1)
            default: break
            }
        }
        return starts
    }

    private static func isName(_ kinds: [LatexToken.Kind]) -> Bool {
        guard (1...12).contains(kinds.count) else { return false }
        let isAngle = kinds.contains(.letter("angle")) || kinds.contains(.letter("triangle"))
        let letters = kinds.compactMap { kind -> String? in if case .letter(let name) = kind { name } else { nil } }
        let areNameParts = kinds.allSatisfy { kind in
            switch kind {
            case .letter, .text, .symbol(","), .symbol("("), .symbol(")"): true
            default: false
            }
        }
        if letters.count == kinds.count {
            // Two small letters are a product, so the answer is an equation; two capitals are a segment.
            return letters.count == 1 || isAngle || letters.allSatisfy { $0.first?.isUppercase ?? false }
        }
        if kinds.contains(where: { if case .text = $0 { true } else { false } }) { return areNameParts }
        // (x, y)
        if kinds[0] == .symbol("(") { return kinds.last == .symbol(")") && areNameParts }
        guard case .letter = kinds[0], let last = kinds.last else { return false }
        if kinds[1] == .symbol("_") {
            return kinds.count == 3 || (kinds[2...].first == .symbol("{") && last == .symbol("}"))
        }
        if kinds[1] == .symbol("'") { return kinds.count == 2 }
        return kinds.count == 4 && kinds[1] == .symbol("(") && last == .symbol(")") && letters.count == 2
    }
}
