/// Parses operands with their powers, and the arguments of commands.
extension LatexParser {
    mutating func parseFactor() throws -> LatexExpression {
        var result = try parseOperand()
        // Powers of powers are parsed without recursion, but later steps recurse over the result.
        for _ in 0..<Self.depthLimit {
            if skip(.symbol("^")) {
                result = .power(result, try parseArgument(splitsNumber: false))
            } else if skip(.symbol("_")) {
                result = LatexExpression(.subscripted, [result, try parseArgument(splitsNumber: false)])
            } else if skip(.symbol("!")) {
                result = .function("factorial", [result])
            } else if skip(.symbol("'")) {
                result = .function("prime", [result])
            } else if skip(.degree) {
                if degreesCount {
                    let unit = LatexExpression.quotient(.symbol("pi"), .number(Rational(180)))
                    result = .product([result, unit])
                }
            } else {
                return result
            }
        }
        throw Failure()
    }

    mutating func parseOperand() throws -> LatexExpression {
        guard let next else { throw Failure() }
        position += 1
        switch next {
        case .number(let digits): return number(digits)
        case .letter("emptyset"): return LatexExpression(.set)
        case .letter(let name): return .symbol(name)
        case .text(let words): return .symbol(words.count == 1 ? words : "text \(words)")
        case .command(let name): return try nested { try $0.parseCommand(name) }
        case .openSet: return try nested { try $0.parseSet() }
        case .begin(let name): return try nested { try $0.parseMatrix(name) }
        case .symbol("|"): return try parseAbsolute()
        case .symbol(let symbol): return try nested { try $0.parseBracketed(symbol) }
        case .closeSet, .degree, .end, .newRow: throw Failure()
        }
    }

    /// The argument of `\frac`, `\sqrt` or `^`: a group, or one token.
    ///
    /// - Parameter splitsNumber: true to take one digit as TeX does, as in `\frac12`. Powers take the whole number:
    ///   `2^10` means 1024.
    private mutating func parseArgument(splitsNumber: Bool) throws -> LatexExpression {
        let isNegative = skipSigns()
        guard case .number(let digits) = next, splitsNumber, digits.utf8.count > 1, !digits.utf8.contains(0x2E) else {
            let argument = try parseOperand()
            return isNegative ? .negated(argument) : argument
        }
        tokens[position] = LatexToken(kind: .number(String(digits.dropFirst())), isSpaced: false)
        return number(String(digits.prefix(1)))
    }

    /// A number, or a symbol named by its digits if a `Rational` cannot hold them.
    private func number(_ digits: String) -> LatexExpression {
        Rational(digits: digits).map { .number($0) } ?? .symbol("digits \(digits)")
    }

    private mutating func parseCommand(_ name: String) throws -> LatexExpression {
        switch name {
        case "frac":
            let numerator = try parseArgument(splitsNumber: true)
            return .quotient(numerator, try parseArgument(splitsNumber: true))
        case "binom":
            let top = try parseArgument(splitsNumber: true)
            return .function("binom", [top, try parseArgument(splitsNumber: true)])
        case "sqrt":
            var degree = LatexExpression.number(Rational(2))
            if skip(.symbol("[")) {
                degree = try parseSum()
                try expect(.symbol("]"))
            }
            return .root(try parseArgument(splitsNumber: true), degree: degree)
        case _ where LatexVocabulary.accents.contains(name):
            return .function(name, [try parseArgument(splitsNumber: true)])
        case _ where LatexVocabulary.functions.contains(name): return try parseFunction(name)
        default: throw Failure()
        }
    }

    /// `\sin^2 x`, `\log_2 8`, `\gcd(6, 4)`.
    private mutating func parseFunction(_ name: String) throws -> LatexExpression {
        var exponent: LatexExpression?
        var base: LatexExpression?
        for _ in 0..<2 {
            if skip(.symbol("^")) { exponent = try parseArgument(splitsNumber: false) }
            if skip(.symbol("_")) { base = try parseArgument(splitsNumber: false) }
        }
        let outer = degreesCount
        degreesCount = ["sin", "cos", "tan", "cot", "sec", "csc"].contains(name)
        defer { degreesCount = outer }

        let isBracketed = next == .symbol("(")
        var factors = [try parseFactor()]
        while !isBracketed, isPlainFactor { factors.append(try parseFactor()) }
        let arguments = [base, .product(factors)].compactMap(\.self)
        // `\sin^{-1}` is the inverse function.
        if let power = exponent, power.kind == .number(Rational(-1)) {
            return .function("arc\(name)", arguments)
        }
        let result = LatexExpression.function(name, arguments)
        return exponent.map { .power(result, $0) } ?? result
    }

    /// True if the next factor belongs to the argument of a function without brackets: `\sin 2x`.
    private var isPlainFactor: Bool {
        switch next {
        case .number, .letter, .command("frac"), .command("sqrt"): true
        default: false
        }
    }

    private mutating func parseBracketed(_ opening: Character) throws -> LatexExpression {
        switch opening {
        case "{": return try parseGroup()
        case "⌊": return try parseEnclosed("floor", until: "⌋")
        case "⌈": return try parseEnclosed("ceil", until: "⌉")
        case "‖": return try parseEnclosed("norm", until: "‖")
        case "⟨":
            let items = try parseItems()
            try expect(.symbol("⟩"))
            return LatexExpression(.bracketed("⟨", "⟩"), items)
        case "(", "[":
            let items = try parseItems()
            guard let closing = symbol(in: [")", "]"]) else { throw Failure() }
            if items.count > 1 { return LatexExpression(.bracketed(opening, closing), items) }
            // Brackets of different kinds around one item have no meaning.
            guard opening == "(" ? closing == ")" : closing == "]" else { throw Failure() }
            return items[0]
        default: throw Failure()
        }
    }

    /// The function that is written as brackets around its argument.
    mutating func parseEnclosed(_ function: String, until closing: Character) throws -> LatexExpression {
        let argument = try parseSum()
        try expect(.symbol(closing))
        return .function(function, [argument])
    }

    private mutating func parseGroup() throws -> LatexExpression {
        let items = try parseItems()
        var result = LatexExpression.list(items)
        if items.count == 1, skip(.command("choose")) {
            result = .function("binom", [result, try parseSum()])
        } else if items.count == 1, skip(.command("over")) {
            result = .quotient(result, try parseSum())
        }
        try expect(.symbol("}"))
        return result
    }

    private mutating func parseSet() throws -> LatexExpression {
        if skip(.closeSet) { return LatexExpression(.set) }
        let items = try parseItems()
        try expect(.closeSet)
        var keys: Set<String> = []
        return LatexExpression(.set, items.filter { keys.insert($0.key).inserted }.sorted { $0.key < $1.key })
    }

    private mutating func parseMatrix(_ name: String) throws -> LatexExpression {
        var cells: [LatexExpression] = []
        var columns: [Int] = []
        while true {
            while skip(.newRow) {}
            if next == .end(name) { break }
            var count = 0
            repeat {
                cells.append(.list(try parseItems()))
                count += 1
            } while skip(.symbol("&"))
            columns.append(count)
            guard next == .newRow || next == .end(name) else { throw Failure() }
        }
        position += 1
        let isPlain = ["pmatrix", "bmatrix", "matrix", "array", "smallmatrix"].contains(name)
        return LatexExpression(.matrix(isPlain ? "matrix" : name, columns: columns), cells)
    }
}
