/// A value of a template's variable or expression, as Jinja has it from Python.
package indirect enum TemplateValue: Sendable {
    /// A name without a value: false, empty, and printed as nothing. Nearly everything else that is tried with it is an error.
    case undefined(String)
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case text(TemplateText)
    case list([TemplateValue])
    case tuple([TemplateValue])
    case dictionary(TemplateDictionary)
    /// The object of `namespace()`, whose attributes can be set.
    case namespace(Namespace)
    /// The variable `loop`.
    case loop(LoopState)
    case macro(Macro)
    case function(String)
    case method(TemplateValue, String)

    package static func text(_ string: String, isContent: Bool = false) -> TemplateValue {
        .text(TemplateText(string, isContent: isContent))
    }
}

/// Pairs of keys and values in the order in which they were added.
package struct TemplateDictionary: Sendable {
    package private(set) var pairs: [(key: TemplateValue, value: TemplateValue)] = []

    package init() {}

    package subscript(key: String) -> TemplateValue? {
        get { self[.text(TemplateText(key))] }
        set { self[.text(TemplateText(key))] = newValue }
    }

    subscript(key: TemplateValue) -> TemplateValue? {
        get { pairs.first { $0.key.equals(key) }?.value }
        set {
            let index = pairs.firstIndex { $0.key.equals(key) }
            if let index, let newValue { pairs[index].value = newValue }
            if let index, newValue == nil { pairs.remove(at: index) }
            if index == nil, let newValue { pairs.append((key, newValue)) }
        }
    }
}

/// Variables that outlive the scope in which they are set. A template runs on one thread.
package final class Namespace: @unchecked Sendable {
    var values: [String: TemplateValue]

    init(_ values: [String: TemplateValue] = [:]) { self.values = values }
}

/// The state of a `for` loop.
package final class LoopState: @unchecked Sendable {
    let items: [TemplateValue]
    var index = 0
    var lastChanged: [TemplateValue]?

    init(_ items: [TemplateValue]) { self.items = items }

    func attribute(_ name: String) -> TemplateValue? {
        switch name {
        case "index": .integer(index + 1)
        case "index0": .integer(index)
        case "revindex": .integer(items.count - index)
        case "revindex0": .integer(items.count - index - 1)
        case "first": .bool(index == 0)
        case "last": .bool(index == items.count - 1)
        case "length": .integer(items.count)
        // Only recursive loops have more.
        case "depth": .integer(1)
        case "depth0": .integer(0)
        case "previtem": index > 0 ? items[index - 1] : .undefined("loop.previtem")
        case "nextitem": index + 1 < items.count ? items[index + 1] : .undefined("loop.nextitem")
        case "cycle", "changed": .method(.loop(self), name)
        default: nil
        }
    }
}

/// A macro, or the body of a `call` block, with the scope in which it was defined.
package final class Macro: Sendable {
    let name: String
    let parameters: [Parameter]
    let body: [Statement]
    let scope: Scope

    init(name: String, parameters: [Parameter], body: [Statement], scope: Scope) {
        (self.name, self.parameters, self.body, self.scope) = (name, parameters, body, scope)
    }
}

/// The variables of a block, and those of the blocks around it.
package final class Scope: @unchecked Sendable {
    private var values: [String: TemplateValue]
    private let parent: Scope?

    init(_ values: [String: TemplateValue] = [:], in parent: Scope? = nil) {
        (self.values, self.parent) = (values, parent)
    }

    subscript(name: String) -> TemplateValue? {
        get { values[name] ?? parent?[name] }
        set { values[name] = newValue }
    }
}

extension TemplateValue {
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .text(let text): !text.isEmpty
        case .list(let items), .tuple(let items): !items.isEmpty
        case .dictionary(let dictionary): !dictionary.pairs.isEmpty
        case .namespace, .loop, .macro, .function, .method: true
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    /// The kind of the value, for errors.
    var kind: String {
        switch self {
        case .undefined(let name): "'\(name)' (undefined)"
        case .none: "none"
        case .bool: "a truth value"
        case .integer, .number: "a number"
        case .text: "a text"
        case .list: "a list"
        case .tuple: "a tuple"
        case .dictionary: "a dictionary"
        case .namespace: "a namespace"
        case .loop: "the loop"
        case .macro, .function, .method: "a function"
        }
    }

    /// The number of a truth value, an integer or a number, which Python compares and adds as one kind.
    var numeric: Double? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The integer of a truth value or an integer.
    var integral: Int? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    /// Python's `==`.
    func equals(_ other: TemplateValue) -> Bool {
        switch (self, other) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.text(let left), .text(let right)): return left == right
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
        case (.dictionary(let left), .dictionary(let right)):
            return left.pairs.count == right.pairs.count
                && left.pairs.allSatisfy { pair in right[pair.key].map(pair.value.equals) ?? false }
        case (.namespace(let left), .namespace(let right)): return left === right
        case (.loop(let left), .loop(let right)): return left === right
        case (.macro(let left), .macro(let right)): return left === right
        default:
            guard let left = numeric, let right = other.numeric else { return false }
            return left == right
        }
    }

    /// Python's `<` of numbers, texts and lists.
    func isLess(than other: TemplateValue) throws(TemplateError) -> Bool {
        if let left = numeric, let right = other.numeric { return left < right }
        switch (self, other) {
        case (.text(let left), .text(let right)): return left < right
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            guard let index = zip(left, right).enumerated().first(where: { !$1.0.equals($1.1) })?.offset else {
                return left.count < right.count
            }
            return try left[index].isLess(than: right[index])
        default: throw TemplateError(.invalid, "\(kind) and \(other.kind) have no order")
        }
    }

    /// The elements that a `for` loop visits.
    func elements() throws(TemplateError) -> [TemplateValue] {
        switch self {
        case .undefined: return []
        case .list(let items), .tuple(let items): return items
        case .dictionary(let dictionary): return dictionary.pairs.map(\.key)
        case .text(let text): return text.elements.map { .text($0) }
        default: throw TemplateError(.invalid, "\(kind) has no elements")
        }
    }

    func length() throws(TemplateError) -> Int {
        if case .text(let text) = self { return text.count }
        return try elements().count
    }

    /// Python's `in`.
    func contains(_ element: TemplateValue) throws(TemplateError) -> Bool {
        switch (self, element) {
        case (.text(let text), .text(let part)): return text.contains(part)
        case (.text, _): throw TemplateError(.invalid, "a text cannot contain \(element.kind)")
        default: return try elements().contains { $0.equals(element) }
        }
    }

    // MARK: - Text

    /// Python's `str`.
    var printed: TemplateText {
        switch self {
        case .undefined: TemplateText()
        case .none: "None"
        case .bool(let value): value ? "True" : "False"
        case .integer(let value): TemplateText(String(value))
        case .number(let value): TemplateText(Self.written(value))
        case .text(let text): text
        case .list, .tuple, .dictionary: represented
        case .namespace: "<Namespace>"
        case .loop: "<LoopContext>"
        case .macro(let macro): TemplateText("<Macro '\(macro.name)'>")
        case .function(let name), .method(_, let name): TemplateText("<function \(name)>")
        }
    }

    /// Python's `repr`.
    private var represented: TemplateText {
        func list(_ items: [TemplateValue]) -> TemplateText { .joined(items.map(\.represented), by: ", ") }
        return switch self {
        case .undefined: "Undefined"
        case .text(let text): Self.quoted(text)
        case .list(let items): "[" + list(items) + "]"
        case .tuple(let items): items.count == 1 ? "(" + items[0].represented + ",)" : "(" + list(items) + ")"
        case .dictionary(let dictionary):
            "{" + .joined(dictionary.pairs.map { $0.key.represented + ": " + $0.value.represented }, by: ", ") + "}"
        default: printed
        }
    }

    static func written(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        return value.isInfinite ? (value < 0 ? "-inf" : "inf") : "\(value)"
    }

    private static func quoted(_ text: TemplateText) -> TemplateText {
        let quote: TemplateText = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        let mark = TemplateText.scalar(quote.units[0])
        return quote
            + text.expanding { scalar in
                switch scalar {
                case "\\": return "\\\\"
                case mark: return "\\\(mark)"
                case "\n": return "\\n"
                case "\r": return "\\r"
                case "\t": return "\\t"
                case " ": return nil
                default: break
                }
                switch scalar.properties.generalCategory {
                case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
                    .spaceSeparator:
                    let (digits, prefix) =
                        scalar.value < 0x100 ? (2, "x") : scalar.value < 0x10000 ? (4, "u") : (8, "U")
                    let hexadecimal = String(scalar.value, radix: 16)
                    return "\\\(prefix)" + String(repeating: "0", count: digits - hexadecimal.count) + hexadecimal
                default: return nil
                }
            } + quote
    }
}
