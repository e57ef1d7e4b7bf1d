/// Computes expressions.
extension Renderer {
    /// - Parameter blockText: the text of a block whose filters the expression is.
    mutating func evaluate(
        _ expression: Expression, _ scope: Scope, blockText: TemplateValue? = nil
    ) throws(TemplateError) -> TemplateValue {
        try step()
        switch expression {
        case .literal(let value): return value
        case .name(let name): return scope[name] ?? Self.function(name) ?? .undefined(name)
        case .list(let elements):
            let values = try evaluate(elements, scope)
            try read(.list(values))
            return .list(values)
        case .tuple(let elements):
            let values = try evaluate(elements, scope)
            try read(.tuple(values))
            return .tuple(values)
        case .dictionary(let pairs):
            var dictionary = TemplateDictionary()
            for (key, value) in pairs { dictionary[try evaluate(key, scope)] = try evaluate(value, scope) }
            try read(.dictionary(dictionary))
            return .dictionary(dictionary)
        case .attribute(let value, let name): return try Self.attribute(name, of: try evaluate(value, scope))
        case .item(let value, let key): return try Self.item(try evaluate(key, scope), of: try evaluate(value, scope))
        case .slice(let value, let start, let stop, let step):
            let value = try evaluate(value, scope)
            try read(value)
            return try Self.slice(
                value, start: try index(start, scope), stop: try index(stop, scope),
                step: try index(step, scope))
        case .call(let callee, let arguments):
            return try call(try evaluate(callee, scope), try evaluate(arguments, scope))
        case .filter(let value, let name, let arguments):
            let input =
                try value.map { value throws(TemplateError) in
                    try evaluate(value, scope, blockText: blockText)
                } ?? blockText ?? .undefined("the text of the block")
            return try filter(name, input, try evaluate(arguments, scope))
        case .test(let value, let name, let arguments):
            return .bool(try test(name, try evaluate(value, scope), try evaluate(arguments, scope)))
        case .not(let value): return .bool(!(try evaluate(value, scope).isTrue))
        case .and(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? try evaluate(right, scope) : value
        case .or(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? value : try evaluate(right, scope)
        case .conditional(let condition, let then, let otherwise):
            if try evaluate(condition, scope).isTrue { return try evaluate(then, scope) }
            return try otherwise.map { otherwise throws(TemplateError) in try evaluate(otherwise, scope) }
                ?? .undefined("an 'if' without 'else'")
        case .concatenation(let parts):
            var text = TemplateText()
            for part in parts {
                let value = try evaluate(part, scope)
                try read(value)
                text += value.printed
                try requireText(text.count)
            }
            return .text(text)
        case .comparison(let first, let rest): return .bool(try compare(try evaluate(first, scope), rest, scope))
        case .negative(let value): return try Self.negated(try evaluate(value, scope))
        case .positive(let value): return try evaluate(value, scope)
        case .binary(let found, let left, let right):
            return try compute(found, try evaluate(left, scope), try evaluate(right, scope))
        }
    }

    private mutating func evaluate(_ expressions: [Expression], _ scope: Scope) throws(TemplateError) -> [TemplateValue]
    {
        var values: [TemplateValue] = []
        for expression in expressions { values.append(try evaluate(expression, scope)) }
        return values
    }

    mutating func evaluate(_ arguments: Arguments, _ scope: Scope) throws(TemplateError) -> Values {
        var values = Values(positional: try evaluate(arguments.positional, scope))
        for list in arguments.lists { values.positional += try evaluate(list, scope).elements() }
        for (name, value) in arguments.named { values.named.append((name, try evaluate(value, scope))) }
        for expression in arguments.dictionaries {
            guard case .dictionary(let dictionary) = try evaluate(expression, scope) else {
                throw TemplateError(.invalid, "'**' needs a dictionary")
            }
            values.named += dictionary.pairs.map { ($0.key.printed.string, $0.value) }
        }
        return values
    }

    // MARK: - Attributes and items

    private static func requireDefined(_ value: TemplateValue, _ what: String) throws(TemplateError) {
        if case .undefined(let name) = value {
            throw TemplateError(.invalid, "'\(name)' is undefined, and has no \(what)")
        }
    }

    /// `value.name`: the attribute, or else the value of that key.
    static func attribute(_ name: String, of value: TemplateValue) throws(TemplateError) -> TemplateValue {
        try requireDefined(value, "attribute '\(name)'")
        if let method = method(name, of: value) { return method }
        switch value {
        case .dictionary(let dictionary): return dictionary[name] ?? .undefined(name)
        case .namespace(let namespace): return namespace.values[name] ?? .undefined(name)
        case .loop(let loop): return loop.attribute(name) ?? .undefined(name)
        default: return .undefined(name)
        }
    }

    /// `value[key]`: the value of the key, or else the attribute.
    static func item(_ key: TemplateValue, of value: TemplateValue) throws(TemplateError) -> TemplateValue {
        try requireDefined(value, "item \(key.printed.string)")
        func element(_ count: Int, _ element: (Int) -> TemplateValue) -> TemplateValue {
            guard let index = key.integral else { return .undefined(key.printed.string) }
            let place = index < 0 ? index + count : index
            return (0..<count).contains(place) ? element(place) : .undefined("item \(index)")
        }
        switch value {
        case .dictionary(let dictionary):
            if let found = dictionary[key] { return found }
        case .list(let items), .tuple(let items):
            if key.integral != nil { return element(items.count) { items[$0] } }
        case .text(let text):
            if key.integral != nil { return element(text.count) { .text(text[$0..<($0 + 1)]) } }
        default: break
        }
        guard case .text(let name) = key else { return .undefined(key.printed.string) }
        return try attribute(name.string, of: value)
    }

    private mutating func index(_ expression: Expression?, _ scope: Scope) throws(TemplateError) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression, scope)
        if case .none = value { return nil }
        guard let index = value.integral else {
            throw TemplateError(.invalid, "a slice cannot begin or end at \(value.kind)")
        }
        return index
    }

    /// `value[start:stop:step]` of a list or text, as in Python.
    private static func slice(
        _ value: TemplateValue, start: Int?, stop: Int?, step: Int?
    ) throws(TemplateError) -> TemplateValue {
        func indices(_ count: Int) throws(TemplateError) -> [Int] {
            let step = step ?? 1
            guard step != 0, step != .min else { throw TemplateError(.invalid, "a slice cannot have the step \(step)") }
            let (lowest, highest) = step > 0 ? (0, count) : (-1, count - 1)
            func place(_ index: Int?, _ standard: Int) -> Int {
                guard let index else { return standard }
                return min(max(index < 0 ? max(index, -count - 1) + count : index, lowest), highest)
            }
            let (first, end) = (place(start, step > 0 ? 0 : count - 1), place(stop, step > 0 ? count : -1))
            return Array(stride(from: first, to: end, by: step))
        }
        switch value {
        case .list(let items): return .list(try indices(items.count).map { items[$0] })
        case .tuple(let items): return .tuple(try indices(items.count).map { items[$0] })
        case .text(let text): return .text(text.picking(try indices(text.count)))
        default: throw TemplateError(.invalid, "\(value.kind) has no parts")
        }
    }

    // MARK: - Operators

    private mutating func compare(
        _ first: TemplateValue, _ rest: [(sign: Comparison, right: Expression)], _ scope: Scope
    ) throws(TemplateError) -> Bool {
        var left = first
        for (comparison, expression) in rest {
            let right = try evaluate(expression, scope)
            try read(left)
            try read(right)
            let holds =
                switch comparison {
                case .equal: left.equals(right)
                case .unequal: !left.equals(right)
                case .less: try left.isLess(than: right)
                case .lessOrEqual: try !right.isLess(than: left)
                case .greater: try right.isLess(than: left)
                case .greaterOrEqual: try !left.isLess(than: right)
                case .isIn: try right.contains(left)
                case .isNotIn: try !right.contains(left)
                }
            guard holds else { return false }
            left = right
        }
        return true
    }

    private static func negated(_ value: TemplateValue) throws(TemplateError) -> TemplateValue {
        if let number = value.integral, number != .min { return .integer(-number) }
        if case .number(let number) = value { return .number(-number) }
        throw TemplateError(.invalid, "\(value.kind) has no negative")
    }

    private mutating func compute(
        _ found: BinaryOperator, _ left: TemplateValue, _ right: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        func failure() -> TemplateError { TemplateError(.invalid, "\(left.kind) \(found.rawValue) \(right.kind)") }
        switch (found, left, right) {
        case (.plus, .text(let left), .text(let right)):
            try requireText(left.count + right.count)
            try work(left.count + right.count)
            return .text(left + right)
        case (.plus, .list(let left), .list(let right)):
            try read(.list(left + right))
            return .list(left + right)
        case (.plus, .tuple(let left), .tuple(let right)):
            try read(.tuple(left + right))
            return .tuple(left + right)
        case (.times, .text(let text), .integer(let times)), (.times, .integer(let times), .text(let text)):
            try requireText(text.count, times: max(0, times))
            try work(text.count, times: max(0, times))
            return .text(TemplateText(units: Array(repeatElement(text.units, count: max(0, times)).joined())))
        case (.modulo, .text, _):
            throw TemplateError(.unsupported, "the operator '%' of a text")
        default: break
        }
        if let left = left.integral, let right = right.integral, let value = try Self.compute(found, left, right) {
            return .integer(value)
        }
        guard let leftNumber = left.numeric, let rightNumber = right.numeric else { throw failure() }
        guard rightNumber != 0 || ![.divide, .floorDivide, .modulo].contains(found) else {
            throw TemplateError(.invalid, "a division by zero")
        }
        switch found {
        case .plus: return .number(leftNumber + rightNumber)
        case .minus: return .number(leftNumber - rightNumber)
        case .times: return .number(leftNumber * rightNumber)
        case .divide: return .number(leftNumber / rightNumber)
        case .floorDivide: return .number((leftNumber / rightNumber).rounded(.down))
        case .modulo: return .number(leftNumber - rightNumber * (leftNumber / rightNumber).rounded(.down))
        case .power: throw TemplateError(.unsupported, "the operator '**'")
        }
    }

    /// The result of an operation on integers; nil if it is not an integer.
    private static func compute(_ found: BinaryOperator, _ left: Int, _ right: Int) throws(TemplateError) -> Int? {
        var (value, overflows) = (0, false)
        switch found {
        case .plus: (value, overflows) = left.addingReportingOverflow(right)
        case .minus: (value, overflows) = left.subtractingReportingOverflow(right)
        case .times: (value, overflows) = left.multipliedReportingOverflow(by: right)
        case .floorDivide, .modulo:
            guard right != 0 else { return nil }
            let (quotient, isTooLarge) = left.dividedReportingOverflow(by: right)
            guard !isTooLarge else { return found == .modulo ? 0 : nil }
            let rest = left - quotient * right
            let isBelow = rest != 0 && (rest < 0) != (right < 0)
            value = found == .modulo ? (isBelow ? rest + right : rest) : (isBelow ? quotient - 1 : quotient)
        case .divide, .power: return nil
        }
        guard !overflows else { throw TemplateError(.invalid, "a number is too large") }
        return value
    }
}
