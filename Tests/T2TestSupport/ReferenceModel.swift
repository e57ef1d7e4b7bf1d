import T2Core
import T2Formats
import T2Engine
import T2Model

/// A model of the fixtures, ready to compute units.
package struct ReferenceModel: Sendable {
    package let fixture: ModelFixture
    package let engine: TestEngine

    /// - Parameter name: one of `ModelFixture.names`.
    package init(_ name: String = "grouped-tied") throws {
        fixture = try ModelFixture(name)
        engine = try TestEngine(path: ModelFixture.folder(name))
    }

    package var folder: BaseModelFolder { engine.folder }
    package var lane: Lane { engine.lane }

    package func layout(_ targets: TargetModules = .all) -> ExpertLayout { engine.layout(targets) }

    /// The fixture's z, around 1 with a deviation of 0.2.
    package func vector(_ targets: TargetModules = .all) -> ExpertVector {
        let layout = layout(targets)
        return ExpertVector(layout: layout, values: layout.values(fixture.z))
    }

    package func policies(_ vector: ExpertVector) -> PolicySet { PolicySet(.svf(vector), engine.adapters) }

    /// The fixture's rollouts, as if they had been sampled with these log-probabilities.
    package func completions(logProbabilities: [[Float]]? = nil, advantages: [Float]? = nil) -> [Completion] {
        fixture.rollouts.enumerated().map { index, rollout in
            var completion = Completion(
                prompt: rollout.prompt_ids, tokens: rollout.completion_ids,
                logProbabilities: logProbabilities?[index] ?? rollout.completion_ids.map { _ in 0 },
                finishReason: .stop)
            completion.problem = "p\(index)"
            completion.problemIndex = index
            completion.advantage = advantages?[index] ?? rollout.advantage
            return completion
        }
    }

    /// Two problems, two samples each, with a gradient.
    package func unit(
        _ policy: Policy, index: Int = 0, prompts: [String] = ["ABCDEFG", "what(is+this)?"], samples: Int = 2,
        maxTokens: Int = 12, advantage: AdvantageKind? = .unitMean, klCoefficient: Float = 0.1,
        measuresKL: Bool = false,
        temperature: Float = 1
    ) -> WorkUnit {
        WorkUnit(
            key: UnitKey(run: "r", step: 3, phase: advantage == nil ? .validation : .train, index: index), seed: 11,
            problems: prompts.enumerated().map {
                Problem(id: "problem-\($0)", topic: "", prompt: $1, verification: .number(answer: "1"))
            },
            problemIndices: prompts.indices.map { index * prompts.count + $0 },
            sequences: WorkUnit.Sequence.all(problems: prompts.count, samples: samples), policies: [policy.digest],
            sampling: Sampling(temperature: temperature, maxTokens: maxTokens),
            gradient: advantage.map {
                GradientSpecification(
                    advantage: $0, klCoefficient: klCoefficient, klDirection: .policyReference, klEstimator: .exact,
                    measuresKL: measuresKL)
            })
    }

    /// Its completions are sampled like any other's; the gradient of their divergence is beyond what a Float holds.
    package func overflowingUnit(_ policy: Policy) -> WorkUnit { unit(policy, klCoefficient: 3e38) }
}
