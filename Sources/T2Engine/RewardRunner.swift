import Algorithms
import Dispatch
import T2Core
import T2Tasks
import T2Verifiers

/// Judges the completions of a unit: text → reward. All lanes share one runner.
package struct RewardRunner: Sendable {
    /// The number of attempts to judge a completion before its reward counts as missing.
    static let attempts = 3
    /// The number of completions judged together. Programs among them run in parallel, up to the verifier's limit.
    private static let batchSize = 16

    /// Examines submissions in their order, as `Verifier.examine` does.
    private let examine: @Sendable ([Submission]) -> [Examination]

    package init(examine: @escaping @Sendable ([Submission]) -> [Examination]) { self.examine = examine }

    /// Gives every completion its reward. Completions whose reward is missing are judged again, all together.
    ///
    /// - Parameters:
    ///   - missing: counts the completions without a reward at the first try, by reason.
    ///   - onProgress: called about once a second, even while a batch runs, to renew the lease beyond the verifier's time limits.
    /// - Throws: `UnitError.cancelled` after a batch, once `onProgress` returns false.
    func judge(
        _ completions: inout [Completion], of unit: WorkUnit, missing: inout [String: Int],
        onProgress: @escaping UnitComputer.OnProgress
    ) throws {
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + 1, repeating: 1)
        timer.setEventHandler { _ = onProgress(0) }
        timer.resume()
        defer { timer.cancel() }
        let submissions = zip(completions, unit.sequences).map { completion, sequence in
            Submission(
                problem: unit.problems[sequence.problem], completion: completion.text,
                finished: completion.finishReason == .stop)
        }
        var open = Array(completions.indices)
        for attempt in 1...Self.attempts where !open.isEmpty {
            for batch in open.chunks(ofCount: Self.batchSize) {
                for (index, examination) in zip(batch, examine(batch.map { submissions[$0] })) {
                    completions[index].reward = examination.reward.withShortReason
                    completions[index].grounds = examination.grounds
                }
                guard onProgress(0) else { throw UnitError.cancelled }
            }
            open.removeAll { completions[$0].reward.missingReason == nil }
            guard attempt == 1 else { continue }
            for reason in open.compactMap({ completions[$0].reward.missingReason }) { missing.count(missing: reason) }
        }
    }
}
