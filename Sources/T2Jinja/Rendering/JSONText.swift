/// Writes values as JSON, as transformers' filter `tojson` does: Python's `json.dumps` with `ensure_ascii` off.
struct JSONText {
    private let indentation: TemplateText?
    private let separators: (item: TemplateText, key: TemplateText)
    private let isSorted: Bool
    private let isASCII: Bool

    init(_ reader: inout ArgumentReader) throws(TemplateError) {
        isASCII = reader.optional("ensure_ascii")?.isTrue ?? false
        switch reader.optional("indent") {
        case nil, .some(.none): indentation = nil
        case .some(.text(let text)): indentation = text
        case .some(let value):
            guard let count = value.integral, (0...100).contains(count) else {
                throw TemplateError(.invalid, "'tojson' needs an indent from 0 to 100")
            }
            indentation = TemplateText(String(repeating: " ", count: count))
        }
        var separators: (TemplateText, TemplateText) = (indentation == nil ? ", " : ",", ": ")
        if let given = reader.optional("separators"), case let values = try given.elements(), values.count == 2 {
            separators = (values[0].printed, values[1].printed)
        }
        self.separators = separators
        isSorted = reader.optional("sort_keys")?.isTrue ?? false
    }

    /// The largest number of scalars that indent a value.
    var indentationCount: Int { 50 * (indentation?.count ?? 0) }

    func text(_ value: TemplateValue, depth: Int = 0) throws(TemplateError) -> TemplateText {
        switch value {
        case .none: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return TemplateText(String(value))
        case .number(let value):
            if value.isNaN { return "NaN" }
            return TemplateText(value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : "\(value)")
        case .text(let text): return quoted(text)
        case .list(let items), .tuple(let items):
            var texts: [TemplateText] = []
            for item in items { texts.append(try text(item, depth: depth + 1)) }
            return enclosed(texts, "[", "]", depth)
        case .dictionary(let dictionary):
            var pairs = dictionary.pairs.map { (key: $0.key, value: $0.value) }
            if isSorted { pairs.sort { $0.key.printed < $1.key.printed } }
            var texts: [TemplateText] = []
            for (key, value) in pairs {
                let name: TemplateText
                switch key {
                case .text(let text): name = quoted(text)
                case .none, .bool, .integer, .number: name = "\"" + (try text(key)) + "\""
                default: throw TemplateError(.invalid, "\(key.kind) is no key of JSON")
                }
                texts.append(name + separators.key + (try text(value, depth: depth + 1)))
            }
            return enclosed(texts, "{", "}", depth)
        default: throw TemplateError(.invalid, "\(value.kind) cannot be written as JSON")
        }
    }

    private func enclosed(
        _ texts: [TemplateText], _ start: TemplateText, _ end: TemplateText, _ depth: Int
    ) -> TemplateText {
        guard let indentation, !texts.isEmpty else { return start + .joined(texts, by: separators.item) + end }
        func newline(_ depth: Int) -> TemplateText {
            "\n" + .joined(Array(repeating: indentation, count: depth), by: "")
        }
        return start + newline(depth + 1) + .joined(texts, by: separators.item + newline(depth + 1)) + newline(depth)
            + end
    }

    private func quoted(_ text: TemplateText) -> TemplateText {
        "\""
            + text.expanding { scalar in
                switch scalar {
                case "\"": return "\\\""
                case "\\": return "\\\\"
                case "\n": return "\\n"
                case "\r": return "\\r"
                case "\t": return "\\t"
                case "\u{8}": return "\\b"
                case "\u{C}": return "\\f"
                default: break
                }
                guard scalar.value < 0x20 || (isASCII && scalar.value > 0x7E) else { return nil }
                return String(scalar).utf16.map { unit in
                    let digits = String(unit, radix: 16)
                    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }.joined()
            } + "\""
    }
}
