/// Jinja's tests.
extension Renderer {
    mutating func test(_ name: String, _ value: TemplateValue, _ arguments: Values) throws(TemplateError) -> Bool {
        var reader = ArgumentReader(arguments, of: name)
        for argument in arguments.positional { try read(argument) }
        if !arguments.positional.isEmpty || name == "lower" || name == "upper" { try read(value) }
        let holds = try test(name, value, &reader)
        try reader.end()
        return holds
    }

    private func test(
        _ name: String, _ value: TemplateValue, _ reader: inout ArgumentReader
    ) throws(TemplateError) -> Bool {
        switch (name, value) {
        case ("defined", _): return !value.isUndefined
        case ("undefined", _): return value.isUndefined
        case ("none", .none), ("string", .text), ("mapping", .dictionary), ("boolean", .bool), ("integer", .integer),
            ("float", .number), ("true", .bool(true)), ("false", .bool(false)):
            return true
        case ("none", _), ("string", _), ("mapping", _), ("boolean", _), ("integer", _), ("float", _), ("true", _),
            ("false", _):
            return false
        case ("number", _): return value.numeric != nil
        case ("iterable", .undefined), ("sequence", .undefined): return true
        case ("iterable", _), ("sequence", _):
            switch value {
            case .text, .list, .tuple, .dictionary: return true
            default: return false
            }
        case ("callable", _):
            switch value {
            case .macro, .function, .method: return true
            default: return false
            }
        case ("equalto", _), ("eq", _), ("sameas", _): return value.equals(try reader.required("other"))
        case ("ne", _): return !value.equals(try reader.required("other"))
        case ("lt", _), ("lessthan", _): return try value.isLess(than: try reader.required("other"))
        case ("ge", _): return try !value.isLess(than: try reader.required("other"))
        case ("gt", _), ("greaterthan", _): return try reader.required("other").isLess(than: value)
        case ("le", _): return try !reader.required("other").isLess(than: value)
        case ("in", _): return try reader.required("seq").contains(value)
        case ("odd", _), ("even", _), ("divisibleby", _):
            guard let number = value.integral else { throw TemplateError(.invalid, "\(value.kind) is no whole number") }
            let divisor = name == "divisibleby" ? try reader.integer("num") : 2
            guard divisor != 0 else { throw TemplateError(.invalid, "a division by zero") }
            return (number.quotientAndRemainder(dividingBy: divisor == -1 ? 1 : divisor).remainder == 0)
                == (name != "odd")
        case ("lower", _): return value.printed == value.printed.lowercased()
        case ("upper", _): return value.printed == value.printed.uppercased()
        default: throw TemplateError(.unsupported, "the test '\(name)'")
        }
    }
}
