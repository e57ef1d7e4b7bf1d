import Algorithms
import Dispatch
import T2Core
import T2Tasks
import T2Verifiers

/// Judges the completions of a unit: text → reward. Lanes share one.
package struct RewardRunner: Sendable {
    /// Times that a completion is verified before its reward is given up as missing.
    static let attempts = 3
    /// Completions that are judged together. Programs among them run side by side, as many as the verifier has room for.
    private static let batchSize = 16
    /// Characters of a reason, and reasons of a unit, at most: they travel with every result.
    private static let (reasonLength, reasonCount) = (200, 8)

    /// The rewards of submissions, in their order: `Verifier.judge`.
    private let verify: @Sendable ([Submission]) -> [Reward]

    package init(judge: @escaping @Sendable ([Submission]) -> [Reward]) { verify = judge }

    /// Gives every completion its reward. What is missing is asked for again, all of it together.
    ///
    /// - Parameters:
    ///   - missing: counts the completions without a reward at the first try, by reason.
    ///   - onProgress: called about once a second, also while one batch runs: a verifier keeps its own time limits, and the
    ///     lease must outlive them.
    /// - Throws: `UnitError.cancelled` after a batch, once `onProgress` says that the unit is no longer wanted.
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
                for (index, reward) in zip(batch, verify(batch.map { submissions[$0] })) {
                    completions[index].reward = reward
                }
                guard onProgress(0) else { throw UnitError.cancelled }
            }
            open.removeAll { completions[$0].reward.missingReason == nil }
            if attempt == 1 { for index in open { count(completions[index].reward, &missing) } }
        }
    }

    private func count(_ reward: Reward, _ missing: inout [String: Int]) {
        let reason = String((reward.missingReason ?? "").prefix(Self.reasonLength))
        let isListed = missing[reason] != nil || missing.count < Self.reasonCount
        missing[isListed ? reason : "other reasons", default: 0] += 1
    }
}
