import Foundation

/// A record of a user's own task: a JSON object whose values are read as texts.
struct RecordFields {
    private enum Value: Decodable {
        case text(String)
        case list([Value])
        case other

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let text = try? value.decode(String.self) {
                self = .text(text)
            } else if let flag = try? value.decode(Bool.self) {
                self = .text(flag ? "true" : "false")
            } else if let number = try? value.decode(Int.self) {
                self = .text(String(number))
            } else if let number = try? value.decode(Decimal.self) {
                self = .text("\(number)")
            } else {
                self = (try? value.decode([Value].self)).map(Value.list) ?? .other
            }
        }
    }

    let content: Data
    private let values: [String: Value?]

    /// - Throws: `DecodingError` if the content is not a JSON object.
    init(_ content: Data) throws {
        self.content = content
        values = try JSONDecoder().decode([String: Value?].self, from: content)
    }

    /// Nil if the field is missing or null.
    ///
    /// - Throws: `RecordFlaw` if the field is a list or an object.
    func optionalText(_ name: String) throws -> String? {
        switch values[name] ?? nil {
        case .text(let text): return text
        case nil: return nil
        case .list, .other: throw RecordFlaw("\(name) is a list or an object, expected a text or a number")
        }
    }

    /// - Throws: `RecordFlaw` if the field is missing or not a text.
    func text(_ name: String) throws -> String {
        guard let text = try optionalText(name) else { throw RecordFlaw("\(name) is missing") }
        return text
    }

    /// The texts of a list; a single text is a list of one.
    ///
    /// - Throws: `RecordFlaw` if the field is missing, empty or holds a value that is not a text.
    func texts(_ name: String) throws -> [String] {
        guard case .list(let list) = values[name] ?? nil else { return [try text(name)] }
        if list.isEmpty { throw RecordFlaw("\(name) is empty") }
        return try list.map { element in
            guard case .text(let text) = element else { throw RecordFlaw("\(name) holds a value that is not a text") }
            return text
        }
    }
}
