import Foundation
import T2Core

/// A LoRA adapter on one of the tiny random models, as peft saved it and PyTorch computed with it; see
/// scripts/fixtures/make_lora_fixtures.py.
package struct LoRAFixture: Decodable, Sendable {
    /// Loss and gradient under one divergence.
    package struct Case: Decodable, Sendable {
        package let direction: KLDirection
        package let coefficient: Float
        package let temperature: Float
        package let loss: Double
        package let policy_loss: Double
        package let kl: Double
        /// Under the names of the PEFT folder's tensors, row-major.
        package let gradient: [String: [Double]]
    }

    package enum Adapter: String, Sendable, CaseIterable {
        /// r 3 and α 5 on every matrix.
        case all
        /// Queries (r 4) and values (r 2, another α) of the last layer, α/√r, bfloat16.
        case some
    }

    /// The log-probabilities of the model fixture's completions under the adapter, at temperature 1.
    package let log_probabilities: [[Float]]
    /// The gradients; only `all` has some.
    package let cases: [Case]?

    /// - Parameter model: one of `ModelFixture.names`.
    package init(_ model: String, _ adapter: Adapter) throws {
        self = try JSONDecoder().decode(
            LoRAFixture.self, from: Data(contentsOf: URL(fileURLWithPath: Self.folder(model, adapter) + ".json")))
        precondition(adapter == .some || cases?.count == 3, "the fixture should have three gradients")
    }

    /// The PEFT folder.
    package static func folder(_ model: String, _ adapter: Adapter) -> String {
        ModelFixture.folder("lora/\(model)-\(adapter.rawValue)")
    }
}
