import Foundation
import T2Core
import T2Formats
import T2Engine
import T2Model
import T2Numerics
import T2Text
import T2Verifiers

/// A base model ready to compute units.
package struct TestEngine: Sendable {
    package let folder: BaseModelFolder
    package let adapters: ModelAdapters
    package let tokenizer: Tokenizer

    /// - Parameter path: a Hugging Face folder.
    package init(path: String) throws {
        folder = try BaseModelFolder(path: path)
        let cache = SingularValueCache(folder: NSTemporaryDirectory() + "t2-engine-tests")
        adapters = ModelAdapters(try BaseModel(folder), cache: cache)
        tokenizer = try Tokenizer(path: folder.tokenizerPath)
        MatrixMultiply.useThreads(1)
    }

    package var lane: Lane { Lane(adapters.base) }

    package func computer(_ rewards: RewardRunner = .parity) -> UnitComputer {
        UnitComputer(adapters: adapters, tokenizer: tokenizer, rewards: rewards)
    }

    /// The output of a unit under these policies, which are those that it names.
    package func run(
        _ unit: WorkUnit, _ policies: [Policy], on lane: Lane? = nil, rewards: RewardRunner = .parity,
        onProgress: @escaping UnitComputer.OnProgress = { _ in true }
    ) throws -> UnitOutput {
        precondition(unit.policies == policies.map(\.digest))
        return try computer(rewards).run(
            unit, PolicySet(policies, adapters), on: lane ?? self.lane, onProgress: onProgress)
    }

    package func layout(_ targets: TargetModules = .all) -> ExpertLayout {
        ExpertLayout(model: folder.configuration, targets: targets)
    }
}

extension RewardRunner {
    /// A random model answers nothing: right are completions of even length, which is about half of them.
    package static let parity = judging { submissions in
        submissions.map { .judged($0.completion.utf8.count.isMultiple(of: 2) ? .right : .wrong) }
    }

    /// A runner that gives rewards without grounds.
    package static func judging(_ judge: @escaping @Sendable ([Submission]) -> [Reward]) -> RewardRunner {
        RewardRunner { submissions in
            judge(submissions).map { reward in
                switch reward {
                case .judged(let outcome): .judged(outcome, reason: nil)
                case .missing(let reason): .missing(reason)
                case .unjudged: .unjudged
                }
            }
        }
    }
}

extension UnitOutput {
    /// Without what the clock decides.
    package var untimed: UnitOutput {
        var output = self
        output.statistics.samplingSeconds = 0
        output.statistics.rewardSeconds = 0
        output.statistics.gradientSeconds = 0
        return output
    }
}
