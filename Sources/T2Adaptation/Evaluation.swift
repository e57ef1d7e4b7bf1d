import Synchronization
import T2Core
import T2Evaluation
import T2Model
import T2Tasks
import T2Text
import T2Verifiers

/// Answers every problem of a list and judges the answers.
///
/// Problems are cut into batches of a fixed size, each sampled and judged by one lane: neither the lane count nor the
/// order in which lanes finish changes a completion.
package struct Evaluation: Sendable {
    /// How far an evaluation is.
    package struct Progress: Sendable {
        package fileprivate(set) var answered = 0
        package fileprivate(set) var judged = 0
        package fileprivate(set) var right = 0
        package fileprivate(set) var missing = 0
        package fileprivate(set) var tokens = 0
    }

    /// Tokens of a lane between two reports of progress.
    private static let tokensPerReport = 256

    private let tokenizer: Tokenizer
    private let verifier: Verifier
    private let sampling: Sampling
    private let seed: UInt64

    /// - Parameter seed: of the random streams when the temperature is above 0; problem i uses stream i.
    package init(tokenizer: Tokenizer, verifier: Verifier, sampling: Sampling, seed: UInt64) {
        self.tokenizer = tokenizer
        self.verifier = verifier
        self.sampling = sampling
        self.seed = seed
    }

    /// Which model answers.
    package enum Policy: Sendable {
        /// One for all problems.
        case fixed(AdaptedModel)
        /// Each problem's own, decided in a first pass.
        case dispatched(PromptDispatcher)
    }

    /// The problems answered, in their order; without those whose batch was not finished when it was cancelled.
    ///
    /// - Parameters:
    ///   - isCancelled: asked after every token, from any lane.
    ///   - progress: called from any lane, one at a time.
    /// - Throws: `PromptError` if a prompt leaves no room for its answer; `ModelError` if the model computes NaN.
    package func run(
        _ problems: [Problem], _ policy: Policy, lanes: ModelLanes,
        isCancelled: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) throws -> [EvaluatedCompletion] {
        let contextLength = lanes.base.configuration.contextLength
        let prompts = try problems.map {
            try tokenizer.prompt(of: $0, maxTokens: sampling.maxTokens, contextLength: contextLength)
        }
        let tally = Tally(progress)
        let batches = stride(from: 0, to: problems.count, by: EvaluationBatch.problems).map {
            $0..<min($0 + EvaluationBatch.problems, problems.count)
        }
        let completions: [[EvaluatedCompletion]] = try lanes.map(batches) { lane, _, batch in
            guard !isCancelled() else { return [] }
            var dispatches: [Dispatch?] = batch.map { _ in nil }
            var rows = batch.map { _ in Int32(0) }
            if case .dispatched(let dispatcher) = policy {
                let decided = try dispatcher.decide(batch.map { problems[$0].prompt }, lane: lane)
                (dispatches, rows) = (decided, decided.map(dispatcher.row))
            }
            // By the batch alone, as a worker decides by the unit: an answer does not depend on what else is evaluated.
            let tokens = batch.reduce(0) { $0 + prompts[$1].count + sampling.maxTokens }
            let execution =
                switch policy {
                case .fixed(let model): model.execution(tokens: tokens)
                case .dispatched(let dispatcher): dispatcher.execution
                }
            guard let sampled = try sample(prompts, batch, rows, lane, execution, isCancelled, tally) else { return [] }
            return judge(sampled, dispatches, problems, batch, tally)
        }
        return completions.flatMap { $0 }
    }

    /// Nil if it was cancelled.
    private func sample(
        _ prompts: [[Int32]], _ batch: Range<Int>, _ rows: [Int32], _ lane: ModelLane, _ execution: Execution,
        _ isCancelled: () -> Bool, _ tally: Tally
    ) throws -> [SampledCompletion]? {
        let requests = zip(batch, rows).map { index, row in
            SampleRequest(prompt: prompts[index], random: SeededRandom(seed: seed, problem: index), expert: row)
        }
        var isWanted = true
        var unreported = 0
        let completions = try lane.sampler.sample(
            requests, execution, sampling,
            stop: tokenizer.stopCondition(of: lane.transformer.model.configuration, texts: sampling.stopStrings)
        ) { _, _ in
            isWanted = !isCancelled()
            unreported += 1
            if unreported == Self.tokensPerReport {
                tally.update { $0.tokens += unreported }
                unreported = 0
            }
            return isWanted
        }
        tally.update { $0.tokens += unreported }
        return isWanted ? completions : nil
    }

    private func judge(
        _ sampled: [SampledCompletion], _ dispatches: [Dispatch?], _ problems: [Problem], _ batch: Range<Int>,
        _ tally: Tally
    ) -> [EvaluatedCompletion] {
        let submissions = zip(batch, sampled).map { index, completion in
            Submission(
                problem: problems[index],
                completion: tokenizer.completion(completion.tokens, stopStrings: sampling.stopStrings),
                finished: completion.finished)
        }
        let rewards = verifier.judge(submissions)
        tally.update { progress in
            progress.answered += rewards.count
            for reward in rewards {
                switch reward {
                case .judged(let outcome):
                    progress.judged += 1
                    if outcome == .right { progress.right += 1 }
                case .missing: progress.missing += 1
                }
            }
        }
        return submissions.indices.map { index in
            EvaluatedCompletion(
                problem: submissions[index].problem, completion: submissions[index].completion,
                tokenCount: sampled[index].tokens.count, finished: submissions[index].finished, reward: rewards[index],
                dispatch: dispatches[index])
        }
    }

    /// Adds up what the lanes report.
    private final class Tally: Sendable {
        private let progress = Mutex(Progress())
        private let report: @Sendable (Progress) -> Void

        init(_ report: @escaping @Sendable (Progress) -> Void) { self.report = report }

        func update(_ change: (inout Progress) -> Void) {
            progress.withLock {
                change(&$0)
                report($0)
            }
        }
    }
}
