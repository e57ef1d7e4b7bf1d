/// Reads the tokens of a LaTeX answer as an expression in normal form; recursive descent with bounded depth.
///
/// Grammar, from the loosest binding to the tightest: list (`,` `;` "or"), relation chain, ∪ ∩ ∖, sum, product
/// (operators or juxtaposition), sign, power and subscript, operand. A whole number before a proper fraction is a mixed
/// number.
package struct LatexParser {
    /// The answer does not follow the grammar, or nests too deep.
    struct Failure: Error {}

    /// The deepest nesting that is parsed; published answers nest a few levels. A level takes about 15 kB of stack in a
    /// debug build.
    package static let depthLimit = 16

    var tokens: [LatexToken]
    var position = 0
    /// True in the argument of a trigonometric function, where degrees are factors of π/180; elsewhere they are units.
    var degreesCount = false
    private var depth = 0
    private var absoluteDepth = 0

    /// Nil if the tokens as a whole are not an expression.
    static func parse(_ tokens: [LatexToken]) -> LatexExpression? {
        var parser = LatexParser(tokens: LatexAssignment.removed(from: tokens))
        guard let items = try? parser.parseItems(), parser.position == parser.tokens.count else { return nil }
        return .list(items)
    }

    // MARK: Tokens

    var next: LatexToken.Kind? { kind(at: 0) }

    func kind(at offset: Int) -> LatexToken.Kind? {
        position + offset < tokens.count ? tokens[position + offset].kind : nil
    }

    mutating func skip(_ kind: LatexToken.Kind) -> Bool {
        guard next == kind else { return false }
        position += 1
        return true
    }

    mutating func expect(_ kind: LatexToken.Kind) throws {
        guard skip(kind) else { throw Failure() }
    }

    /// Takes the next token if it is one of these symbols.
    mutating func symbol(in symbols: Set<Character>) -> Character? {
        guard case .symbol(let symbol) = next, symbols.contains(symbol) else { return nil }
        position += 1
        return symbol
    }

    /// Skips signs; true if they amount to a minus.
    mutating func skipSigns() -> Bool {
        var isNegative = false
        while let sign = symbol(in: ["+", "-"]) { if sign == "-" { isNegative.toggle() } }
        return isNegative
    }

    mutating func nested<Result>(_ parse: (inout LatexParser) throws -> Result) throws -> Result {
        guard depth < Self.depthLimit else { throw Failure() }
        depth += 1
        defer { depth -= 1 }
        return try parse(&self)
    }

    // MARK: From the list to the sum

    mutating func parseItems() throws -> [LatexExpression] {
        var items = [try parseRelation()]
        while symbol(in: [",", ";"]) != nil {
            // `1, 2, and 3` has two separators in a row.
            while symbol(in: [","]) != nil {}
            items.append(try parseRelation())
        }
        return items
    }

    private static let mirrored: [Character: Character] = [">": "<", "≥": "≤"]

    private mutating func parseRelation() throws -> LatexExpression {
        var sides = [try parseCombination()]
        var signs: [Character] = []
        while let sign = symbol(in: LatexVocabulary.relations) {
            signs.append(sign)
            sides.append(try parseCombination())
        }
        if signs.isEmpty { return sides[0] }
        // `x > 1` means `1 < x`.
        if signs.contains(where: { Self.mirrored[$0] != nil }), !signs.contains("<"), !signs.contains("≤") {
            signs = signs.reversed().map { Self.mirrored[$0] ?? $0 }
            sides.reverse()
        }
        if signs == ["="] || signs == ["≠"] { sides.sort { $0.key < $1.key } }
        return LatexExpression(.relation(signs), sides)
    }

    private mutating func parseCombination() throws -> LatexExpression {
        var result = try parseSum()
        while let sign = symbol(in: ["∪", "∩", "∖"]) {
            let right = try parseSum()
            if sign == "∖" {
                result = LatexExpression(.difference, [result, right])
            } else {
                let kind = LatexExpression.Kind.combination(sign)
                let parts = (result.kind == kind ? result.children : [result]) + [right]
                result = LatexExpression(kind, parts.sorted { $0.key < $1.key })
            }
        }
        return result
    }

    mutating func parseSum() throws -> LatexExpression {
        var terms: [LatexExpression] = []
        var sign = symbol(in: ["+", "-", "±", "∓"])
        repeat {
            let term = try parseTerm()
            switch sign {
            case "-": terms.append(.negated(term))
            case let sign? where sign != "+":
                let before = terms.isEmpty ? [] : [LatexExpression.sum(terms)]
                terms = [LatexExpression(.plusMinus(sign), before + [term])]
            default: terms.append(term)
            }
            sign = symbol(in: ["+", "-", "±", "∓"])
        } while sign != nil
        return .sum(terms)
    }

    // MARK: Products

    private mutating func parseTerm() throws -> LatexExpression {
        let isNegative = skipSigns()
        var factors = [try parseMixedNumber() ?? parseFactor()]
        while true {
            if symbol(in: ["*"]) != nil {
                factors.append(try parseSignedFactor())
            } else if symbol(in: ["/"]) != nil {
                factors.append(.power(try parseSignedFactor(), .number(Rational(-1))))
            } else if skipUnit() {
                break
            } else if startsOperand {
                // Two adjacent numbers are not a product.
                if case .number = next, case .number = kind(at: -1) { throw Failure() }
                factors.append(try parseFactor())
            } else {
                break
            }
        }
        let product = LatexExpression.product(factors)
        return isNegative ? .negated(product) : product
    }

    private mutating func parseSignedFactor() throws -> LatexExpression {
        let isNegative = skipSigns()
        let factor = try parseFactor()
        return isNegative ? .negated(factor) : factor
    }

    /// `1\frac{1}{2}` or `1 1/2`; if there is none here, nil, and the position stays.
    private mutating func parseMixedNumber() throws -> LatexExpression? {
        guard case .number(let digits) = next, let whole = Rational(digits: digits), whole.isInteger else { return nil }
        let start = position
        position += 1
        var fraction: LatexExpression?
        if next == .command("frac"), isFractionOfNumbers {
            fraction = try parseOperand()
        } else if case .number(let top) = next, tokens[position].isSpaced, kind(at: 1) == .symbol("/"),
            case .number(let bottom) = kind(at: 2), let numerator = Rational(digits: top),
            let denominator = Rational(digits: bottom)?.reciprocal
        {
            position += 3
            fraction = (numerator * denominator).map { .number($0) }
        }
        if case .number(let part) = fraction?.kind, !part.isNegative, !part.isZero, part.numerator < part.denominator,
            next != .symbol("^"), next != .symbol("_"), next != .symbol("!"), let sum = whole + part
        {
            return .number(sum)
        }
        position = start
        return nil
    }

    private var isFractionOfNumbers: Bool {
        if case .number = kind(at: kind(at: 1) == .symbol("{") ? 2 : 1) { true } else { false }
    }

    /// Skips units after a value, up to the end of the term.
    private mutating func skipUnit() -> Bool {
        guard case .text = next else { return false }
        let start = position
        while true {
            switch next {
            case .text, .degree, .symbol("/"), .symbol("."): position += 1
            case .symbol("^"):
                position += 1
                if skip(.symbol("{")) {
                    while next != nil, next != .symbol("}") { position += 1 }
                }
                if next != nil { position += 1 }
            case nil, .symbol(","), .symbol(";"), .symbol(")"), .symbol("]"), .symbol("}"), .symbol("&"), .symbol("|"),
                .closeSet, .end, .newRow:
                return true
            case .symbol(let symbol) where LatexVocabulary.relations.contains(symbol): return true
            default:
                position = start
                return false
            }
        }
    }

    var startsOperand: Bool {
        switch next {
        case .number, .letter, .text, .openSet, .begin: true
        case .command(let name): name != "choose" && name != "over"
        case .symbol(let symbol): "([{⌊⌈⟨‖".contains(symbol) || (symbol == "|" && absoluteDepth == 0)
        default: false
        }
    }

    /// |…|
    mutating func parseAbsolute() throws -> LatexExpression {
        absoluteDepth += 1
        defer { absoluteDepth -= 1 }
        return try nested { try $0.parseEnclosed("abs", until: "|") }
    }
}
