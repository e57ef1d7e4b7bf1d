import Foundation

/// A record of a task of the user's own: any JSON object; its values are taken as texts.
struct RecordFields {
    private enum Value: Decodable {
        case text(String)
        case list([Value])
        case null
        case other

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                self = .null
            } else if let text = try? value.decode(String.self) {
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

    private let values: [String: Value]

    /// - Throws: `DecodingError` if it is no JSON object.
    init(_ record: RecordText) throws { values = try JSONDecoder().decode([String: Value].self, from: record.content) }

    var names: [String] { values.keys.sorted() }

    /// Nil if the field is absent or null.
    /// - Throws: `RecordFlaw` if it is a list or an object.
    func optionalText(_ name: String) throws -> String? {
        switch values[name] {
        case .text(let text): return text
        case .null, nil: return nil
        case .list, .other: throw RecordFlaw("\(name) is no text or number")
        }
    }

    /// - Throws: `RecordFlaw` if the field is absent or no text.
    func text(_ name: String) throws -> String {
        guard let text = try optionalText(name) else { throw RecordFlaw("\(name) is missing") }
        return text
    }

    /// One text alone is a list of one.
    ///
    /// - Throws: `RecordFlaw` if the field is absent, empty or holds something that is no text.
    func texts(_ name: String) throws -> [String] {
        guard case .list(let list) = values[name] else { return [try text(name)] }
        if list.isEmpty { throw RecordFlaw("\(name) is empty") }
        return try list.map { element in
            guard case .text(let text) = element else { throw RecordFlaw("\(name) holds something that is no text") }
            return text
        }
    }
}
