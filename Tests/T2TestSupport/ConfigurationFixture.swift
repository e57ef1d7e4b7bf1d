import Foundation

/// A published `config.json`, and how transformers understands it; see scripts/fixtures/make_configuration_fixtures.py.
package struct ConfigurationFixture: CustomStringConvertible, Sendable {
    package let name: String
    /// The file as published, and as version 5 of transformers writes it.
    package let published: Data
    package let written: Data
    /// The shapes of the weights, without those of all layers but the first.
    package let weights: [String: [Int]]
    package let windows: [Int?]
    package let rotated: [Bool]
    package let frequencies: [Float]
    package let magnitude: Float

    package var description: String { name }

    package static let all: [ConfigurationFixture] = {
        let path = Bundle.module.bundlePath + "/Fixtures/configurations/configurations.jsonl"
        do {
            return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
                try ConfigurationFixture(Data($0.utf8))
            }
        } catch { preconditionFailure("\(path): \(error)") }
    }()

    private init(_ line: Data) throws {
        struct Values: Decodable {
            let name: String
            let weights: [String: [Int]]
            let windows: [Int?]
            let rotated: [Bool]
            let frequencies: [Float]
            let magnitude: Float
        }
        let values = try JSONDecoder().decode(Values.self, from: line)
        (name, weights, windows, rotated) = (values.name, values.weights, values.windows, values.rotated)
        (frequencies, magnitude) = (values.frequencies, values.magnitude)
        let object = try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
        published = try JSONSerialization.data(withJSONObject: object["published"] ?? [:])
        written = try JSONSerialization.data(withJSONObject: object["written"] ?? [:])
    }
}
