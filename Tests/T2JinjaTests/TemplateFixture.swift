import Foundation
import T2Jinja
import Testing

/// The fixtures that scripts/fixtures/make_template_fixtures.py makes with transformers.
enum TemplateFixture {
    /// A value of JSON. The keys of a dictionary are taken in the order of their bytes.
    enum JSON: Decodable {
        case none
        case bool(Bool)
        case integer(Int)
        case number(Double)
        case text(String)
        case list([JSON])
        case dictionary([String: JSON])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .none
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Int.self), value.magnitude < 1 << 53 {
                self = .integer(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else if let value = try? container.decode(String.self) {
                self = .text(value)
            } else if let value = try? container.decode([JSON].self) {
                self = .list(value)
            } else {
                self = .dictionary(try container.decode([String: JSON].self))
            }
        }

        var value: TemplateValue {
            switch self {
            case .none: return .none
            case .bool(let value): return .bool(value)
            case .integer(let value): return .integer(value)
            case .number(let value): return .number(value)
            case .text(let text): return .text(text, isContent: true)
            case .list(let items): return .list(items.map(\.value))
            case .dictionary(let pairs):
                var dictionary = TemplateDictionary()
                for (key, value) in pairs.sorted(by: {
                    Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8))
                }) {
                    dictionary[key] = value.value
                }
                return .dictionary(dictionary)
            }
        }
    }

    struct Snippet: Decodable {
        let template: String
        let expected: String?
        /// The text of the template's own exception.
        let error: String?
    }

    struct Published: Decodable {
        struct Case: Decodable {
            let label: String
            let messages: [JSON]
            let addGenerationPrompt: Bool
            let date: String
            let expected: String?
            let error: String?
            let errorType: String?
        }

        let name: String
        let template: String
        let bosToken: String?
        let eosToken: String?
        let cases: [Case]
    }

    static func lines(_ name: String) throws -> [Data] {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "jsonl"))
        return try Data(contentsOf: url).split(separator: UInt8(ascii: "\n")).map { Data($0) }
    }

    static func published() throws -> [Published] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try lines("published").map { try decoder.decode(Published.self, from: $0) }
    }

    static func time(_ date: (year: Int, month: Int, day: Int), _ clock: (Int, Int, Int) = (0, 0, 0)) -> tm {
        var time = tm()
        (time.tm_year, time.tm_mon, time.tm_mday) = (Int32(date.year - 1900), Int32(date.month - 1), Int32(date.day))
        (time.tm_hour, time.tm_min, time.tm_sec) = (Int32(clock.0), Int32(clock.1), Int32(clock.2))
        timegm(&time)
        return time
    }

    /// Whether two texts have the same bytes; `==` would ignore differences in Unicode normalization.
    static func isSame(_ left: String?, _ right: String?) -> Bool {
        left.map { Array($0.utf8) } == right.map { Array($0.utf8) }
    }
}
