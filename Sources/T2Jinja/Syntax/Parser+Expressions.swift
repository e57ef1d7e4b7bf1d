/// Expressions, from the loosest operator to the tightest.
extension Parser {
    /// An expression, or several with commas between them, which are a tuple.
    mutating func tuple(hasConditions: Bool = true) throws(TemplateError) -> Expression {
        func element(_ parser: inout Parser) throws(TemplateError) -> Expression {
            hasConditions
                ? try parser.expression() : try parser.nested { parser throws(TemplateError) in try parser.or() }
        }
        let first = try element(&self)
        guard isSymbol(",") else { return first }
        var elements = [first]
        while skip(symbol: ",") {
            if isEndOfTuple { break }
            elements.append(try element(&self))
        }
        return .tuple(elements)
    }

    private var isEndOfTuple: Bool {
        switch current.kind {
        case .outputEnd, .blockEnd, .symbol(")"), .name("in"): true
        default: false
        }
    }

    mutating func expression() throws(TemplateError) -> Expression {
        try nested { parser throws(TemplateError) in
            var value = try parser.or()
            while parser.skip(name: "if") {
                try parser.count()
                let test = try parser.or()
                let otherwise = parser.skip(name: "else") ? try parser.expression() : nil
                value = .conditional(test, then: value, otherwise: otherwise)
            }
            return value
        }
    }

    /// Counts the operations of one tag.
    private mutating func count() throws(TemplateError) {
        operations += 1
        guard operations <= Self.longest else {
            throw TemplateError(.malformed, "more than \(Self.longest) operations in one tag", line: current.line)
        }
    }

    fileprivate mutating func or() throws(TemplateError) -> Expression {
        var value = try and()
        while skip(name: "or") {
            try count()
            value = .or(value, try and())
        }
        return value
    }

    private mutating func and() throws(TemplateError) -> Expression {
        var value = try not()
        while skip(name: "and") {
            try count()
            value = .and(value, try not())
        }
        return value
    }

    private mutating func not() throws(TemplateError) -> Expression {
        guard skip(name: "not") else { return try comparison() }
        return .not(try nested { parser throws(TemplateError) in try parser.not() })
    }

    private mutating func comparison() throws(TemplateError) -> Expression {
        let first = try sum()
        var rest: [(sign: Comparison, right: Expression)] = []
        while true {
            if case .symbol(let symbol) = current.kind, let comparison = Comparison(rawValue: symbol) {
                advance()
                rest.append((comparison, try sum()))
            } else if skip(name: "in") {
                rest.append((.isIn, try sum()))
            } else if isName("not"), next.kind == .name("in") {
                advance()
                advance()
                rest.append((.isNotIn, try sum()))
            } else {
                return rest.isEmpty ? first : .comparison(first, rest)
            }
        }
    }

    private mutating func sum() throws(TemplateError) -> Expression {
        try binary(["+", "-"]) { parser throws(TemplateError) in try parser.concatenation() }
    }

    private mutating func concatenation() throws(TemplateError) -> Expression {
        var parts = [try product()]
        while skip(symbol: "~") { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : .concatenation(parts)
    }

    private mutating func product() throws(TemplateError) -> Expression {
        try binary(["*", "/", "//", "%"]) { parser throws(TemplateError) in
            try parser.binary(["**"]) { parser throws(TemplateError) in try parser.unary() }
        }
    }

    private mutating func binary(
        _ symbols: Set<String>, _ operand: (inout Parser) throws(TemplateError) -> Expression
    ) throws(TemplateError) -> Expression {
        var value = try operand(&self)
        while case .symbol(let symbol) = current.kind, symbols.contains(symbol),
            let found = BinaryOperator(rawValue: symbol)
        {
            advance()
            try count()
            value = .binary(found, value, try operand(&self))
        }
        return value
    }

    private mutating func unary(mayFilter: Bool = true) throws(TemplateError) -> Expression {
        var value: Expression
        if isSymbol("-") || isSymbol("+") {
            let isNegative = isSymbol("-")
            advance()
            let operand = try nested { parser throws(TemplateError) in try parser.unary(mayFilter: false) }
            value = isNegative ? .negative(operand) : .positive(operand)
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return mayFilter ? try filtersAndTests(value) : value
    }

    private mutating func primary() throws(TemplateError) -> Expression {
        let token = current
        switch token.kind {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return .literal(.bool(true))
            case "false", "False": return .literal(.bool(false))
            case "none", "None": return .literal(.none)
            default: return .name(name)
            }
        case .text(var text):
            advance()
            while case .text(let more) = current.kind {
                text += more
                advance()
            }
            return .literal(.text(text))
        case .integer(let value):
            advance()
            return .literal(.integer(value))
        case .number(let value):
            advance()
            return .literal(.number(value))
        case .symbol("("):
            advance()
            if skip(symbol: ")") { return .tuple([]) }
            let inner = try tuple()
            try expect(symbol: ")")
            return inner
        case .symbol("["):
            advance()
            return .list(try elements(until: "]") { parser throws(TemplateError) in try parser.expression() })
        case .symbol("{"):
            advance()
            return .dictionary(
                try elements(until: "}") { parser throws(TemplateError) in
                    let key = try parser.expression()
                    try parser.expect(symbol: ":")
                    return (key: key, value: try parser.expression())
                })
        default:
            throw unexpected("a value")
        }
    }

    private mutating func elements<Element>(
        until end: String, _ element: (inout Parser) throws(TemplateError) -> Element
    ) throws(TemplateError) -> [Element] {
        var elements: [Element] = []
        while !skip(symbol: end) {
            if !elements.isEmpty {
                try expect(symbol: ",")
                if skip(symbol: end) { break }
            }
            elements.append(try element(&self))
        }
        return elements
    }

    /// Attributes, items and calls.
    private mutating func postfix(_ start: Expression) throws(TemplateError) -> Expression {
        var value = start
        while true {
            if skip(symbol: ".") {
                if case .integer(let index) = current.kind {
                    advance()
                    value = .item(value, .literal(.integer(index)))
                } else {
                    value = .attribute(value, try expectName())
                }
            } else if skip(symbol: "[") {
                value = try item(of: value)
            } else if isSymbol("(") {
                value = .call(value, try arguments())
            } else {
                return value
            }
            try count()
        }
    }

    private mutating func item(of value: Expression) throws(TemplateError) -> Expression {
        var parts: [Expression?] = []
        if !isSymbol(":") {
            let index = try expression()
            if skip(symbol: "]") { return .item(value, index) }
            parts.append(index)
        } else {
            parts.append(nil)
        }
        while skip(symbol: ":") { parts.append(isSymbol(":") || isSymbol("]") ? nil : try expression()) }
        guard parts.count <= 3 else { throw unexpected("']'") }
        try expect(symbol: "]")
        return .slice(
            value, start: parts[0], stop: parts.count > 1 ? parts[1] : nil, step: parts.count > 2 ? parts[2] : nil)
    }

    private mutating func arguments() throws(TemplateError) -> Arguments {
        var arguments = Arguments()
        var isFirst = true
        try expect(symbol: "(")
        while !skip(symbol: ")") {
            if !isFirst {
                try expect(symbol: ",")
                if skip(symbol: ")") { break }
            }
            isFirst = false
            if skip(symbol: "*") {
                arguments.lists.append(try expression())
            } else if skip(symbol: "**") {
                arguments.dictionaries.append(try expression())
            } else if case .name(let name) = current.kind, next.kind == .symbol("=") {
                advance()
                advance()
                arguments.named.append((name, try expression()))
            } else {
                guard arguments.named.isEmpty else { throw unexpected("an argument with a name") }
                arguments.positional.append(try expression())
            }
        }
        return arguments
    }

    private mutating func filtersAndTests(_ start: Expression) throws(TemplateError) -> Expression {
        var value = start
        while true {
            if isSymbol("|") {
                value = try filters(of: value, hasBar: true)
            } else if skip(name: "is") {
                value = try test(of: value)
            } else if isSymbol("(") {
                value = .call(value, try arguments())
            } else {
                return value
            }
            try count()
        }
    }

    /// A chain of filters.
    ///
    /// - Parameter hasBar: whether a bar comes before the first one too.
    mutating func filters(of start: Expression?, hasBar: Bool = false) throws(TemplateError) -> Expression {
        var value = start
        if !hasBar || skip(symbol: "|") {
            repeat {
                let name = try dottedName()
                value = .filter(value, name, isSymbol("(") ? try arguments() : Arguments())
                try count()
            } while skip(symbol: "|")
        }
        guard let value else { throw unexpected("a filter") }
        return value
    }

    private mutating func dottedName() throws(TemplateError) -> String {
        var name = try expectName()
        while skip(symbol: ".") { name += "." + (try expectName()) }
        return name
    }

    private mutating func test(of value: Expression) throws(TemplateError) -> Expression {
        let isNegated = skip(name: "not")
        let name = try dottedName()
        var arguments = Arguments()
        if isSymbol("(") {
            arguments = try self.arguments()
        } else if isStartOfArgument {
            arguments.positional = [try postfix(try primary())]
        }
        let test = Expression.test(value, name, arguments)
        return isNegated ? .not(test) : test
    }

    /// Whether a test's argument without parentheses follows.
    private var isStartOfArgument: Bool {
        switch current.kind {
        case .name(let name): !["else", "or", "and", "if", "is", "in", "not"].contains(name)
        case .text, .integer, .number, .symbol("["), .symbol("{"): true
        default: false
        }
    }
}
