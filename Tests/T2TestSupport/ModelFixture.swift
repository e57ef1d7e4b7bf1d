import Foundation
import T2Core

/// A tiny random model and what PyTorch computed on it; see scripts/fixtures/make_model_fixtures.py.
package struct ModelFixture: Decodable, Sendable {
    package struct Rollout: Codable, Sendable {
        package let prompt_ids: [Int32]
        package let completion_ids: [Int32]
        package let advantage: Float
    }

    /// Loss and gradient under one divergence and one parameterisation.
    package struct Case: Decodable, Sendable {
        package let parameterisation: ParameterisationKind
        package let direction: KLDirection
        package let coefficient: Float
        package let temperature: Float
        package let loss: Double
        package let policy_loss: Double
        package let kl: Double
        package let gradient: [String: [Double]]
    }

    /// Plain Llamas.
    package static let names = ["grouped-tied", "multihead-untied"]
    /// Models of the other architectures, with gradients of the direct parameterisation only.
    package static let architectures = [
        "llama-linear-biased", "llama-llama3", "llama-yarn", "mistral-window", "qwen2", "qwen2-window", "qwen3-window",
        "smollm3-window",
    ]

    package let rollouts: [Rollout]
    /// The log-probabilities of the completions' tokens under the base model at temperature 1.
    package let log_probabilities: [[Float]]
    package let z: [String: [Float]]
    package let p: [String: [Float]]
    private let cases: [Case]

    /// - Parameter name: one of `names` or `architectures`.
    package init(_ name: String) throws {
        self = try JSONDecoder().decode(
            ModelFixture.self, from: Data(contentsOf: URL(fileURLWithPath: Self.folder(name) + ".json")))
        precondition(
            cases.count == (Self.names.contains(name) ? 12 : 2),
            "the fixture should have both directions, of a plain Llama for both parameterisations and three times")
    }

    /// The Hugging Face folder of the model.
    package static func folder(_ name: String) -> String { Bundle.module.bundlePath + "/Fixtures/" + name }

    package func cases(_ parameterisation: ParameterisationKind) -> [Case] {
        cases.filter { $0.parameterisation == parameterisation }
    }
}

extension ExpertLayout {
    /// The values of several tensors, in this layout's order.
    package func values<Value>(_ tensors: [String: [Value]]) -> [Value] { entries.flatMap { tensors[$0.name] ?? [] } }
}
