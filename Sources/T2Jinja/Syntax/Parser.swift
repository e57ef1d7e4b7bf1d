/// Reads the statements of a template, by the grammar of Jinja 3.
struct Parser {
    /// Blocks and parentheses inside of each other, and operations in one tag: their numbers are limited because both are run by
    /// recursion.
    private static let deepest = 100
    static let longest = 1_000

    private let tokens: [Token]
    private(set) var position = 0
    private var depth = 0
    var operations = 0

    /// - Throws: `TemplateError` (malformed, or unsupported for a tag that this program does not have).
    static func statements(of text: String) throws(TemplateError) -> [Statement] {
        var parser = Parser(tokens: try Lexer.tokens(of: text))
        return try parser.body(until: []).statements
    }

    private init(tokens: [Token]) { self.tokens = tokens }

    // MARK: - Tokens

    var current: Token { tokens[position] }
    var next: Token { tokens[min(position + 1, tokens.count - 1)] }
    mutating func advance() { position = min(position + 1, tokens.count - 1) }

    func isSymbol(_ symbol: String) -> Bool { current.kind == .symbol(symbol) }
    func isName(_ name: String) -> Bool { current.kind == .name(name) }

    mutating func skip(symbol: String) -> Bool {
        guard isSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard isName(name) else { return false }
        advance()
        return true
    }

    mutating func expect(symbol: String) throws(TemplateError) {
        guard skip(symbol: symbol) else { throw unexpected("'\(symbol)'") }
    }

    mutating func expectName() throws(TemplateError) -> String {
        guard case .name(let name) = current.kind else { throw unexpected("a name") }
        advance()
        return name
    }

    private var isNameToken: Bool { if case .name = current.kind { true } else { false } }

    func unexpected(_ expected: String) -> TemplateError {
        let found =
            switch current.kind {
            case .data: "text"
            case .blockBegin: "'{%'"
            case .blockEnd: "'%}'"
            case .outputBegin: "'{{'"
            case .outputEnd: "'}}'"
            case .name(let name): "'\(name)'"
            case .text: "a text in quotes"
            case .integer, .number: "a number"
            case .symbol(let symbol): "'\(symbol)'"
            case .end: "the end of the template"
            }
        return TemplateError(.malformed, "expected \(expected), found \(found)", line: current.line)
    }

    /// Runs `body` one level deeper.
    mutating func nested<Value>(_ body: (inout Parser) throws(TemplateError) -> Value) throws(TemplateError) -> Value {
        guard depth < Self.deepest else {
            throw TemplateError(.malformed, "more than \(Self.deepest) levels of nesting", line: current.line)
        }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    // MARK: - Statements

    /// Reads statements up to a tag with one of these names, and passes its name. Without names, up to the end of the template.
    private mutating func body(until ends: [String]) throws(TemplateError) -> (statements: [Statement], end: String) {
        try nested { parser throws(TemplateError) in
            var statements: [Statement] = []
            while true {
                let line = parser.current.line
                parser.operations = 0
                switch parser.current.kind {
                case .data(let text):
                    statements.append(Statement(kind: .text(text), line: line))
                    parser.advance()
                case .outputBegin:
                    parser.advance()
                    let expression = try parser.tuple()
                    guard parser.current.kind == .outputEnd else { throw parser.unexpected("'}}'") }
                    parser.advance()
                    statements.append(Statement(kind: .output(expression), line: line))
                case .blockBegin:
                    parser.advance()
                    let name = try parser.expectName()
                    if ends.contains(name) { return (statements, name) }
                    statements.append(Statement(kind: try parser.statement(name, line: line), line: line))
                case .end where ends.isEmpty:
                    return (statements, "")
                default:
                    throw parser.unexpected(ends.isEmpty ? "text or a tag" : "a tag '\(ends[ends.count - 1])'")
                }
            }
        }
    }

    private mutating func endBlock() throws(TemplateError) {
        guard current.kind == .blockEnd else { throw unexpected("'%}'") }
        advance()
    }

    private mutating func block(until end: String) throws(TemplateError) -> [Statement] {
        try endBlock()
        let statements = try body(until: [end]).statements
        try endBlock()
        return statements
    }

    private mutating func statement(_ name: String, line: Int) throws(TemplateError) -> Statement.Kind {
        switch name {
        case "if": return try condition()
        case "for": return try loop()
        case "set": return try assignment()
        case "macro":
            let name = try expectName()
            try expect(symbol: "(")
            let parameters = try self.parameters()
            return .macro(name, parameters, body: try block(until: "endmacro"))
        case "call":
            let parameters = skip(symbol: "(") ? try self.parameters() : []
            let call = try expression()
            guard case .call = call else { throw TemplateError(.malformed, "a call block calls nothing", line: line) }
            return .call(parameters, call, body: try block(until: "endcall"))
        case "filter":
            let filter = try filters(of: nil)
            return .filtered(filter, body: try block(until: "endfilter"))
        case "generation":
            return .block(try block(until: "endgeneration"))
        case "break", "continue":
            try endBlock()
            return name == "break" ? .breakLoop : .continueLoop
        case "autoescape", "block", "debug", "do", "extends", "from", "import", "include", "pluralize", "trans", "with":
            throw TemplateError(.unsupported, "the tag '\(name)'", line: line)
        default:
            throw TemplateError(.malformed, "there is no tag '\(name)', or it ends nothing here", line: line)
        }
    }

    private mutating func condition() throws(TemplateError) -> Statement.Kind {
        var branches: [(test: Expression, body: [Statement])] = []
        while true {
            let test = try tuple(hasConditions: false)
            try endBlock()
            let (statements, end) = try body(until: ["elif", "else", "endif"])
            branches.append((test, statements))
            switch end {
            case "elif": continue
            case "else": return .condition(branches, otherwise: try block(until: "endif"))
            default:
                try endBlock()
                return .condition(branches, otherwise: [])
            }
        }
    }

    private mutating func loop() throws(TemplateError) -> Statement.Kind {
        let line = current.line
        let target = try target()
        guard skip(name: "in") else { throw unexpected("'in'") }
        let sequence = try tuple(hasConditions: false)
        let condition = skip(name: "if") ? try expression() : nil
        guard !isName("recursive") else { throw TemplateError(.unsupported, "a recursive loop", line: line) }
        try endBlock()
        let (statements, end) = try body(until: ["else", "endfor"])
        let otherwise = end == "else" ? try block(until: "endfor") : []
        if end != "else" { try endBlock() }
        return .loop(
            .init(target: target, sequence: sequence, condition: condition, body: statements, otherwise: otherwise))
    }

    private mutating func assignment() throws(TemplateError) -> Statement.Kind {
        let target = try target(mayBeAttribute: true)
        if skip(symbol: "=") {
            let value = try tuple()
            try endBlock()
            return .assignment(target, value)
        }
        let filter = isSymbol("|") ? try filters(of: nil, hasBar: true) : nil
        return .capture(target, filter: filter, body: try block(until: "endset"))
    }

    private mutating func target(mayBeAttribute: Bool = false) throws(TemplateError) -> AssignmentTarget {
        func single(_ parser: inout Parser) throws(TemplateError) -> AssignmentTarget {
            if parser.skip(symbol: "(") {
                let inner = try parser.nested { parser throws(TemplateError) in try parser.target() }
                try parser.expect(symbol: ")")
                return inner
            }
            let line = parser.current.line
            let name = try parser.expectName()
            if mayBeAttribute, parser.skip(symbol: ".") { return .attribute(try parser.expectName(), of: name) }
            guard !["true", "false", "none", "True", "False", "None", "loop"].contains(name) else {
                throw TemplateError(.malformed, "'\(name)' cannot be set", line: line)
            }
            return .name(name)
        }
        var targets = [try single(&self)]
        var isTuple = false
        while skip(symbol: ",") {
            isTuple = true
            guard isSymbol("(") || (isNameToken && !isName("in")) else { break }
            targets.append(try single(&self))
        }
        return isTuple ? .tuple(targets) : targets[0]
    }

    /// The parameters of a macro, after the opening parenthesis.
    private mutating func parameters() throws(TemplateError) -> [Parameter] {
        var parameters: [Parameter] = []
        while !skip(symbol: ")") {
            if !parameters.isEmpty {
                try expect(symbol: ",")
                if skip(symbol: ")") { break }
            }
            let name = try expectName()
            parameters.append(Parameter(name: name, standard: skip(symbol: "=") ? try expression() : nil))
        }
        return parameters
    }
}
