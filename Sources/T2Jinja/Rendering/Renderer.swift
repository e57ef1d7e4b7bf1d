import Glibc

/// Runs the statements of a template.
struct Renderer {
    /// The largest numbers of statements and operations, of elements and scalars that they read and write, of elements of a list, of
    /// scalars of a text, and of macros and values inside of each other. A template comes with a model, and must not be able to hang a
    /// program or fill its memory.
    private static let (mostSteps, mostWork) = (2_000_000, 1 << 27)
    private static let (mostElements, mostText) = (100_000, 4 << 20)
    private static let (deepestCall, deepestValue) = (50, 50)

    /// What ends the run of a loop's body.
    private enum Ending {
        case normal
        case breakLoop
        case continueLoop
    }

    let now: tm
    private var steps = 0
    private var worked = 0
    private var calls = 0
    private var output = TemplateText()

    init(now: tm) { self.now = now }

    mutating func render(
        _ statements: [Statement], _ variables: [String: TemplateValue]
    ) throws(TemplateError) -> TemplateText {
        _ = try run(statements, Scope(in: Scope(variables)))
        return output
    }

    /// Counts a step of the run.
    mutating func step() throws(TemplateError) {
        steps += 1
        guard steps <= Self.mostSteps else {
            throw TemplateError(.endless, "it runs for more than \(Self.mostSteps) steps")
        }
    }

    /// Counts work: each element or scalar that an operation reads or writes.
    mutating func work(_ amount: Int, times factor: Int = 1) throws(TemplateError) {
        let (product, overflows) = amount.multipliedReportingOverflow(by: factor)
        worked += overflows ? Self.mostWork : min(product, Self.mostWork)
        guard worked <= Self.mostWork else {
            throw TemplateError(.endless, "it does more than \(Self.mostWork) operations")
        }
    }

    /// Refuses a text that is too long, before it is made.
    func requireText(_ count: Int, times factor: Int = 1) throws(TemplateError) {
        let (product, overflows) = count.multipliedReportingOverflow(by: factor)
        guard !overflows, product <= Self.mostText else {
            throw TemplateError(.endless, "a text has more than \(Self.mostText) characters")
        }
    }

    /// Counts the work of an operation that reads the whole of a value, and refuses a value of too many elements or levels: values are
    /// printed and compared by recursion.
    ///
    /// - Returns: the number of values in it.
    @discardableResult
    mutating func read(_ value: TemplateValue, depth: Int = 0) throws(TemplateError) -> Int {
        let inner: [TemplateValue]
        switch value {
        case .text(let text):
            try requireText(text.count)
            try work(text.count)
            return 1
        case .list(let items), .tuple(let items): inner = items
        case .dictionary(let dictionary): inner = dictionary.pairs.flatMap { [$0.key, $0.value] }
        default: return 1
        }
        guard depth < Self.deepestValue, inner.count <= Self.mostElements else {
            throw TemplateError(
                .endless, "a value has more than \(Self.deepestValue) levels or \(Self.mostElements) elements")
        }
        try work(inner.count)
        var count = 1
        for value in inner { count += try read(value, depth: depth + 1) }
        return count
    }

    private mutating func write(_ text: TemplateText) throws(TemplateError) {
        try requireText(output.count + text.count)
        try work(text.count)
        output += text
    }

    /// Runs `body` and returns what it writes.
    private mutating func capture(
        _ body: (inout Renderer) throws(TemplateError) -> Void
    ) throws(TemplateError) -> TemplateText {
        let before = output
        output = TemplateText()
        defer { output = before }
        try body(&self)
        return output
    }

    // MARK: - Statements

    private mutating func run(_ statements: [Statement], _ scope: Scope) throws(TemplateError) -> Ending {
        for statement in statements {
            do throws(TemplateError) {
                try step()
                let ending = try run(statement, scope)
                guard case .normal = ending else { return ending }
            } catch {
                var error = error
                error.line = error.line ?? statement.line
                throw error
            }
        }
        return .normal
    }

    private mutating func run(_ statement: Statement, _ scope: Scope) throws(TemplateError) -> Ending {
        switch statement.kind {
        case .text(let text): try write(text)
        case .output(let expression):
            let value = try evaluate(expression, scope)
            try read(value)
            try write(value.printed)
        case .condition(let branches, let otherwise):
            for branch in branches where try evaluate(branch.test, scope).isTrue { return try run(branch.body, scope) }
            return try run(otherwise, scope)
        case .loop(let loop): try run(loop, scope)
        case .assignment(let target, let expression):
            try assign(try evaluate(expression, scope), to: target, scope)
        case .capture(let target, let filter, let body):
            try assign(try filtered(filter, body, scope), to: target, scope)
        case .macro(let name, let parameters, let body):
            scope[name] = .macro(Macro(name: name, parameters: parameters, body: body, scope: scope))
        case .call(let parameters, let call, let body):
            let caller = Macro(name: "caller", parameters: parameters, body: body, scope: scope)
            guard case .call(let callee, let arguments) = call else { break }
            var values = try evaluate(arguments, scope)
            values.named.append(("caller", .macro(caller)))
            try write(try self.call(try evaluate(callee, scope), values).printed)
        case .filtered(let filter, let body): try write(try filtered(filter, body, scope).printed)
        case .block(let body): return try run(body, scope)
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .normal
    }

    private mutating func filtered(
        _ filter: Expression?, _ body: [Statement], _ scope: Scope
    ) throws(TemplateError) -> TemplateValue {
        let text = try capture { renderer throws(TemplateError) in
            _ = try renderer.run(body, Scope(in: scope))
        }
        return try filter.map { expression throws(TemplateError) in
            try evaluate(expression, scope, blockText: .text(text))
        } ?? .text(text)
    }

    private mutating func run(_ loop: Statement.Loop, _ scope: Scope) throws(TemplateError) {
        let sequence = try evaluate(loop.sequence, scope)
        try read(sequence)
        var items = try sequence.elements()
        if let condition = loop.condition {
            var kept: [TemplateValue] = []
            for item in items {
                let inner = Scope(in: scope)
                try assign(item, to: loop.target, inner)
                if try evaluate(condition, inner).isTrue { kept.append(item) }
            }
            items = kept
        }
        guard !items.isEmpty else {
            _ = try run(loop.otherwise, Scope(in: scope))
            return
        }
        let state = LoopState(items)
        for (index, item) in items.enumerated() {
            try step()
            state.index = index
            let inner = Scope(["loop": .loop(state)], in: scope)
            try assign(item, to: loop.target, inner)
            if case .breakLoop = try run(loop.body, inner) { break }
        }
    }

    private func assign(
        _ value: TemplateValue, to target: AssignmentTarget, _ scope: Scope
    ) throws(TemplateError) {
        switch target {
        case .name(let name): scope[name] = value
        case .attribute(let attribute, let name):
            guard case .namespace(let namespace)? = scope[name] else {
                throw TemplateError(
                    .invalid, "'\(name)' is no namespace, so its attribute '\(attribute)' cannot be set")
            }
            namespace.values[attribute] = value
        case .tuple(let targets):
            let values = try value.elements()
            guard values.count == targets.count else {
                throw TemplateError(.invalid, "\(values.count) values for \(targets.count) names")
            }
            for (target, value) in zip(targets, values) { try assign(value, to: target, scope) }
        }
    }

    // MARK: - Macros

    mutating func run(_ macro: Macro, _ arguments: Values) throws(TemplateError) -> TemplateValue {
        guard calls < Self.deepestCall else {
            throw TemplateError(.endless, "more than \(Self.deepestCall) calls of macros inside of each other")
        }
        calls += 1
        defer { calls -= 1 }
        let scope = Scope(in: macro.scope)
        var named = arguments.named
        for (index, parameter) in macro.parameters.enumerated() {
            if index < arguments.positional.count {
                scope[parameter.name] = arguments.positional[index]
            } else if let given = named.firstIndex(where: { $0.name == parameter.name }) {
                scope[parameter.name] = named.remove(at: given).value
            } else if let standard = parameter.standard {
                scope[parameter.name] = try evaluate(standard, scope)
            } else {
                scope[parameter.name] = .undefined(parameter.name)
            }
        }
        if let caller = named.firstIndex(where: { $0.name == "caller" }) {
            scope["caller"] = named.remove(at: caller).value
        }
        guard arguments.positional.count <= macro.parameters.count, named.isEmpty else {
            throw TemplateError(.invalid, "the macro '\(macro.name)' takes no such argument")
        }
        return .text(
            try capture { renderer throws(TemplateError) in
                _ = try renderer.run(macro.body, scope)
            })
    }
}

/// The values of a call's arguments.
struct Values {
    var positional: [TemplateValue] = []
    var named: [(name: String, value: TemplateValue)] = []
}
