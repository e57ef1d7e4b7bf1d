import Foundation
import T2Core

/// The JSON header of a RESULT. Payload: `tokens` (i32) and `log-probabilities` (f32), all rollouts' one after another,
/// and `gradient` (f32) if there is one.
struct UnitResultHeader: Codable {
    struct Rollout: Codable {
        let problem: String
        let problemNumber: Int
        let sample: Int
        /// How many of the payload's tokens are this rollout's.
        let tokenCount: Int
        let completion: String
        /// Exactly one of `outcome` and `missing` is present.
        let outcome: Outcome?
        let missing: String?
        let advantage: Float
        let finished: Bool
    }

    let unit: UnitKey
    let attempt: Int
    let epoch: UInt64
    let statistics: UnitStatistics
    let rollouts: [Rollout]
    let payload: [TensorDescription]
    let payloadDigest: Digest

    init(_ result: UnitResult, payload: inout TensorFrames) throws(ProtocolError) {
        for rollout in result.rollouts where rollout.tokens.count != rollout.logProbabilities.count {
            throw .wrongShape(
                kind: Message.Kind.result.rawValue, frame: "log-probabilities", expected: [rollout.tokens.count],
                found: [rollout.logProbabilities.count])
        }
        payload.append("tokens", result.rollouts.flatMap(\.tokens))
        payload.append("log-probabilities", result.rollouts.flatMap(\.logProbabilities))
        if let gradient = result.gradient { payload.append("gradient", gradient) }
        unit = result.unit
        attempt = result.attempt
        epoch = result.epoch
        statistics = result.statistics
        rollouts = result.rollouts.map(Rollout.init)
        self.payload = payload.descriptions
        payloadDigest = payload.digest
    }

    /// The result, once its counts agree and its payload has the digest that the header names.
    func result(_ frames: [Data], _ limits: MessageLimits) throws(ProtocolError) -> UnitResult {
        let kind = Message.Kind.result.rawValue
        let received = try ReceivedTensorFrames(kind: kind, descriptions: payload, frames: frames)
        guard (2...3).contains(frames.count) else {
            throw .wrongFrameCount(kind: kind, expected: 6, found: 3 + frames.count)
        }
        let total = try tokenTotal(limits)
        let tokens: [Int32] = try received.values(0, name: "tokens", count: total)
        let logProbabilities: [Float] = try received.values(1, name: "log-probabilities", count: total)
        let gradient: [Float]? =
            frames.count == 3 ? try received.values(2, name: "gradient", count: payload[2].shape.first ?? 0) : nil
        let found = received.digest
        guard found == payloadDigest else { throw .digestMismatch(kind: kind, expected: payloadDigest, found: found) }
        var reports: [RolloutReport] = []
        var start = 0
        for (index, rollout) in rollouts.enumerated() {
            let range = start..<start + rollout.tokenCount
            reports.append(
                try rollout.report(
                    index, tokens: Array(tokens[range]), logProbabilities: Array(logProbabilities[range])))
            start = range.upperBound
        }
        return UnitResult(
            unit: unit, attempt: attempt, epoch: epoch, rollouts: reports, statistics: statistics, gradient: gradient)
    }

    private func tokenTotal(_ limits: MessageLimits) throws(ProtocolError) -> Int {
        let kind = Message.Kind.result.rawValue
        guard rollouts.count <= limits.rollouts else {
            throw .tooLarge(kind: kind, what: "rollouts", limit: limits.rollouts, found: rollouts.count)
        }
        var total = 0
        for (index, rollout) in rollouts.enumerated() {
            guard rollout.tokenCount >= 0 else {
                throw .malformedHeader(kind: kind, problem: "rollouts.\(index).tokenCount is \(rollout.tokenCount)")
            }
            guard rollout.tokenCount <= limits.tokens - total else {
                throw .tooLarge(kind: kind, what: "tokens", limit: limits.tokens, found: rollout.tokenCount)
            }
            total += rollout.tokenCount
        }
        return total
    }
}

extension UnitResultHeader.Rollout {
    init(_ report: RolloutReport) {
        problem = report.problem
        problemNumber = report.problemNumber
        sample = report.sample
        tokenCount = report.tokens.count
        completion = report.completion
        switch report.reward {
        case .judged(let judgement): (outcome, missing) = (judgement, nil)
        case .missing(let reason): (outcome, missing) = (nil, reason)
        }
        advantage = report.advantage
        finished = report.finished
    }

    fileprivate func report(
        _ index: Int, tokens: [Int32], logProbabilities: [Float]
    ) throws(ProtocolError) -> RolloutReport {
        let reward: Reward
        switch (outcome, missing) {
        case (let outcome?, nil): reward = .judged(outcome)
        case (nil, let reason?): reward = .missing(reason: reason)
        default:
            throw .malformedHeader(
                kind: Message.Kind.result.rawValue,
                problem: "rollouts.\(index): expected either 'outcome' or 'missing', found both or neither")
        }
        return RolloutReport(
            problem: problem, problemNumber: problemNumber, sample: sample, tokens: tokens,
            logProbabilities: logProbabilities, completion: completion, reward: reward, advantage: advantage,
            finished: finished)
    }
}
