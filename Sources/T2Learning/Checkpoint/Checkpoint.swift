import Foundation
import T2Core

/// The whole state of a run: one that resumes from it continues as if it had never stopped.
///
/// Invariants: `parameters`, both moments and `bestVector` have one value per value of the layout; `bestVector` is present
/// exactly if an evaluation has been recorded.
package struct Checkpoint: Sendable, Equatable {
    /// The configuration as resolved at the start, with the seed.
    package var configuration: RunConfiguration
    /// The digest of the base model, of which the configuration holds only the path.
    package var modelDigest: Digest
    package var layout: ExpertLayout
    /// The number of updates made, which is the step to compute next.
    package var step = 0
    /// The optimizer's variables p.
    package var parameters: [Float]
    package var optimizerState: AdamW.State
    package var runningMeanReward = RunningMeanReward()
    package var earlyStopping: EarlyStopping
    /// z at the best evaluation.
    package var bestVector: [Float]?
    /// All evaluations so far, in order.
    package var history: [ValidationAccuracy] = []
}

extension Checkpoint {
    /// The state before the first step.
    ///
    /// - Throws: `LearningError.configuration` if the patience is negative.
    package init(
        _ configuration: RunConfiguration, modelDigest: Digest, _ parameterisation: Parameterisation
    ) throws(LearningError) {
        let layout = parameterisation.layout
        self.init(
            configuration: configuration, modelDigest: modelDigest, layout: layout,
            parameters: parameterisation.initialParameters(seed: configuration.seed),
            optimizerState: .init(count: layout.count),
            earlyStopping: try EarlyStopping(patience: configuration.patience))
    }

    /// Whether its own policy has been evaluated. The only checkpoint written after its evaluation is a run's last one.
    package var isEvaluated: Bool { history.last?.step == step }

    /// Refuses the state of another run.
    ///
    /// - Parameter location: the checkpoint's path, for the message.
    /// - Throws: `InputError` naming the base model, or every configuration key that differs with both values.
    package func requireSameRun(as configuration: RunConfiguration, modelDigest: Digest, location: String) throws {
        guard self.modelDigest == modelDigest else {
            throw InputError(
                location,
                "was written for the base model \(self.modelDigest.short), the model given is \(modelDigest.short)",
                remedy: "Resume with the same --model, or start in a new --run-dir.", exitStatus: .configuration)
        }
        guard self.configuration != configuration else { return }
        let saved = try Self.values(of: self.configuration)
        let given = try Self.values(of: configuration)
        let differences = Set(saved.keys).union(given.keys).sorted().filter { saved[$0] != given[$0] }
            .map { "\($0) was \(saved[$0] ?? "absent"), is \(given[$0] ?? "absent")" }
        throw InputError(
            location, "belongs to a run of another configuration: \(differences.joined(separator: "; "))",
            remedy: "Resume with the saved values, or start in a new --run-dir.", exitStatus: .configuration)
    }

    /// Each key's value as JSON text.
    private static func values(of configuration: RunConfiguration) throws -> [String: String] {
        let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(configuration))
        return (object as? [String: Any] ?? [:]).mapValues { "\($0)" }
    }
}
