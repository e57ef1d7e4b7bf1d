import Foundation
import Testing

/// A JSON file that `scripts/fixtures/make_learning_fixtures.py` wrote.
enum Fixture {
    static func read<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "json"))
        return try JSONDecoder().decode(Value.self, from: Data(contentsOf: url))
    }
}
