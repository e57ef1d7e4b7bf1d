import Glibc

/// Calls functions, methods and macros.
extension Renderer {
    /// As in Jinja's own sandbox.
    private static let longestRange = 100_000
    private static let functions: Set<String> = ["raise_exception", "strftime_now", "namespace", "range", "dict"]

    static func function(_ name: String) -> TemplateValue? { functions.contains(name) ? .function(name) : nil }

    mutating func call(_ callee: TemplateValue, _ arguments: Values) throws(TemplateError) -> TemplateValue {
        switch callee {
        case .macro(let macro): return try run(macro, arguments)
        case .function(let name): return try call(name, arguments)
        case .method(let value, let name): return try call(name, of: value, arguments)
        default: throw TemplateError(.invalid, "\(callee.kind) cannot be called")
        }
    }

    private mutating func call(_ name: String, _ arguments: Values) throws(TemplateError) -> TemplateValue {
        var reader = ArgumentReader(arguments, of: name)
        switch name {
        case "raise_exception":
            throw TemplateError(.raised, try reader.required("message").printed.string)
        case "strftime_now":
            let format = try reader.text("format")
            try reader.end()
            return .text(TemplateText(Self.written(now, format.string)))
        case "namespace", "dict":
            var dictionary = TemplateDictionary()
            if case .dictionary(let start)? = reader.optional("") { dictionary = start }
            for (name, value) in reader.takeNamed() { dictionary[name] = value }
            try reader.end()
            try read(.dictionary(dictionary))
            try work(dictionary.pairs.count, times: dictionary.pairs.count)
            if name == "dict" { return .dictionary(dictionary) }
            return .namespace(
                Namespace(Dictionary(dictionary.pairs.map { ($0.key.printed.string, $0.value) }) { $1 }))
        default:
            let first = try reader.integer("start")
            let second = try reader.optionalInteger("stop")
            let step = try reader.optionalInteger("step") ?? 1
            try reader.end()
            guard step != 0 else { throw TemplateError(.invalid, "a range cannot have the step 0") }
            let numbers = stride(from: second == nil ? 0 : first, to: second ?? first, by: step)
            var found: [TemplateValue] = []
            for number in numbers {
                guard found.count < Self.longestRange else {
                    throw TemplateError(.endless, "a range has more than \(Self.longestRange) numbers")
                }
                found.append(.integer(number))
            }
            try work(found.count)
            return .list(found)
        }
    }

    /// The time in the format of `strftime`, in English.
    private static func written(_ time: tm, _ format: String) -> String {
        guard !format.isEmpty else { return "" }
        var time = time
        var buffer = [CChar](repeating: 0, count: 256 + 32 * format.utf8.count)
        // An empty result cannot be told from one that does not fit, so that a space is added.
        let length = strftime(&buffer, buffer.count, format + " ", &time)
        return String(decoding: buffer[..<max(0, length - 1)].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    // MARK: - Methods

    private static let textMethods: Set<String> = [
        "strip", "lstrip", "rstrip", "split", "splitlines", "startswith", "endswith", "replace", "upper", "lower",
        "title",
        "capitalize", "find", "count", "join", "isspace",
    ]
    private static let dictionaryMethods: Set<String> = ["items", "keys", "values", "get"]
    /// What would change a value, which the sandbox forbids.
    private static let changing: [String: Set<String>] = [
        "a list": ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"],
        "a dictionary": ["clear", "pop", "popitem", "setdefault", "update"],
    ]

    static func method(_ name: String, of value: TemplateValue) -> TemplateValue? {
        let exists =
            switch value {
            case .text: textMethods.contains(name)
            case .dictionary: dictionaryMethods.contains(name) || changing["a dictionary"]?.contains(name) == true
            case .list: ["index", "count"].contains(name) || changing["a list"]?.contains(name) == true
            default: false
            }
        return exists ? .method(value, name) : nil
    }

    private mutating func call(
        _ name: String, of value: TemplateValue, _ arguments: Values
    ) throws(TemplateError) -> TemplateValue {
        if Self.changing[value.kind]?.contains(name) == true {
            throw TemplateError(.invalid, "\(value.kind) cannot be changed: '\(name)'")
        }
        var reader = ArgumentReader(arguments, of: name)
        try read(value)
        for argument in arguments.positional + arguments.named.map(\.value) { try read(argument) }
        let result: TemplateValue
        switch value {
        case .text(let text): result = try call(name, of: text, &reader)
        case .dictionary(let dictionary):
            switch name {
            case "items": result = .list(dictionary.pairs.map { .tuple([$0.key, $0.value]) })
            case "keys": result = .list(dictionary.pairs.map(\.key))
            case "values": result = .list(dictionary.pairs.map(\.value))
            default:
                let key = try reader.required("key")
                result = dictionary[key] ?? reader.optional("default") ?? .none
            }
        case .list(let items):
            let element = try reader.required("element")
            let places = items.indices.filter { items[$0].equals(element) }
            if name == "index", places.isEmpty { throw TemplateError(.invalid, "the list has no such element") }
            result = .integer(name == "index" ? places[0] : places.count)
        case .loop(let loop) where name == "cycle":
            let values = reader.takeAll()
            guard !values.isEmpty else { throw TemplateError(.invalid, "loop.cycle needs values") }
            result = values[loop.index % values.count]
        case .loop(let loop):
            let values = reader.takeAll()
            let last = loop.lastChanged
            loop.lastChanged = values
            result = .bool(last.map { !TemplateValue.list($0).equals(.list(values)) } ?? true)
        default: throw TemplateError(.invalid, "\(value.kind) has no method '\(name)'")
        }
        try reader.end()
        try read(result)
        return result
    }

    private mutating func call(
        _ name: String, of text: TemplateText, _ reader: inout ArgumentReader
    ) throws(TemplateError) -> TemplateValue {
        switch name {
        case "strip": return .text(text.stripped(try reader.optionalText("chars")))
        case "lstrip": return .text(text.strippedLeft(try reader.optionalText("chars")))
        case "rstrip": return .text(text.strippedRight(try reader.optionalText("chars")))
        case "upper": return .text(text.uppercased())
        case "lower": return .text(text.lowercased())
        case "title": return .text(text.titlecased())
        case "capitalize": return .text(text.capitalized())
        case "splitlines": return .list(text.lines().map { .text($0) })
        case "isspace":
            return .bool(!text.isEmpty && text.units.allSatisfy { TemplateText.isSpace(TemplateText.scalar($0)) })
        case "split":
            let separator = try reader.optionalText("sep")
            let given = try reader.optionalInteger("maxsplit") ?? -1
            let limit = given < 0 ? Int.max : given
            guard let separator else { return .list(text.splitIntoWords(limit: limit).map { .text($0) }) }
            guard !separator.isEmpty else { throw TemplateError(.invalid, "a text cannot be split by an empty one") }
            return .list(text.split(by: separator, limit: limit).map { .text($0) })
        case "startswith", "endswith":
            var parts: [TemplateText] = []
            for part in try reader.alternatives("prefix") { parts.append(try part.asText("the argument of \(name)")) }
            return .bool(parts.contains { name == "startswith" ? text.hasPrefix($0) : text.hasSuffix($0) })
        case "replace":
            let (old, new) = (try reader.text("old"), try reader.text("new"))
            let limit = try reader.optionalInteger("count") ?? -1
            return .text(try replaced(text, old, new, limit))
        case "find": return .integer(text.firstIndex(of: try reader.text("sub")) ?? -1)
        case "count":
            let part = try reader.text("sub")
            return .integer(part.isEmpty ? text.count + 1 : text.split(by: part).count - 1)
        default:
            var parts: [TemplateText] = []
            for part in try reader.required("iterable").elements() {
                parts.append(try part.asText("an element of join"))
            }
            return .text(try joined(parts, by: text))
        }
    }
}

extension TemplateValue {
    /// The text of a text.
    func asText(_ what: String) throws(TemplateError) -> TemplateText {
        guard case .text(let text) = self else { throw TemplateError(.invalid, "\(what) is \(kind), expected a text") }
        return text
    }
}

/// Hands out the arguments of a call by place or by name.
struct ArgumentReader {
    private var positional: ArraySlice<TemplateValue>
    private var named: [(name: String, value: TemplateValue)]
    private let function: String

    init(_ values: Values, of function: String) {
        (positional, named, self.function) = (values.positional[...], values.named, function)
    }

    mutating func optional(_ name: String) -> TemplateValue? {
        if let value = positional.popFirst() { return value }
        return named.firstIndex { $0.name == name }.map { named.remove(at: $0).value }
    }

    mutating func required(_ name: String) throws(TemplateError) -> TemplateValue {
        guard let value = optional(name) else {
            throw TemplateError(.invalid, "'\(function)' needs the argument '\(name)'")
        }
        return value
    }

    mutating func text(_ name: String) throws(TemplateError) -> TemplateText {
        try required(name).asText("the argument '\(name)' of '\(function)'")
    }

    mutating func optionalText(_ name: String) throws(TemplateError) -> TemplateText? {
        guard let value = optional(name) else { return nil }
        if case .none = value { return nil }
        return try value.asText("the argument '\(name)' of '\(function)'")
    }

    mutating func optionalInteger(_ name: String) throws(TemplateError) -> Int? {
        guard let value = optional(name) else { return nil }
        if case .none = value { return nil }
        guard let integer = value.integral else {
            throw TemplateError(
                .invalid, "the argument '\(name)' of '\(function)' is \(value.kind), expected a whole number")
        }
        return integer
    }

    mutating func integer(_ name: String) throws(TemplateError) -> Int {
        guard let value = try optionalInteger(name) else {
            throw TemplateError(.invalid, "'\(function)' needs the argument '\(name)'")
        }
        return value
    }

    /// An argument, or each of its elements if it is a tuple.
    mutating func alternatives(_ name: String) throws(TemplateError) -> [TemplateValue] {
        let value = try required(name)
        if case .tuple(let values) = value { return values }
        return [value]
    }

    mutating func takeAll() -> [TemplateValue] {
        defer { positional = [] }
        return Array(positional)
    }

    mutating func takeNamed() -> [(name: String, value: TemplateValue)] {
        defer { named = [] }
        return named
    }

    func end() throws(TemplateError) {
        guard positional.isEmpty, named.isEmpty else {
            let name = named.first.map { " '\($0.name)'" } ?? ""
            throw TemplateError(.unsupported, "the argument\(name) of '\(function)'")
        }
    }
}
