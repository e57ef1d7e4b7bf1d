import Foundation
import T2Core

/// What the header of a RESULT or an ERROR tells of a rollout. Payload: `tokens` (i32) and `log-probabilities` (f32), all
/// rollouts' one after another.
struct RolloutHeader: Codable {
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
        _ index: Int, of kind: String, tokens: [Int32], logProbabilities: [Float]
    ) throws(ProtocolError) -> RolloutReport {
        let reward: Reward
        switch (outcome, missing) {
        case (let outcome?, nil): reward = .judged(outcome)
        case (nil, let reason?): reward = .missing(reason: reason)
        default:
            throw .malformedHeader(
                kind: kind, problem: "rollouts.\(index): expected either 'outcome' or 'missing', found both or neither")
        }
        return RolloutReport(
            problem: problem, problemNumber: problemNumber, sample: sample, tokens: tokens,
            logProbabilities: logProbabilities, completion: completion, reward: reward, advantage: advantage,
            finished: finished)
    }
}

extension TensorFrames {
    /// Two frames.
    ///
    /// - Returns: what goes into the header.
    mutating func append(_ rollouts: [RolloutReport], kind: String) throws(ProtocolError) -> [RolloutHeader] {
        for rollout in rollouts where rollout.tokens.count != rollout.logProbabilities.count {
            throw .wrongShape(
                kind: kind, frame: "log-probabilities", expected: [rollout.tokens.count],
                found: [rollout.logProbabilities.count])
        }
        append("tokens", rollouts.flatMap(\.tokens))
        append("log-probabilities", rollouts.flatMap(\.logProbabilities))
        return rollouts.map(RolloutHeader.init)
    }
}

extension ReceivedTensorFrames {
    /// The rollouts in the first two frames, once their counts agree with what the header tells of them.
    func rollouts(_ headers: [RolloutHeader], _ limits: MessageLimits) throws(ProtocolError) -> [RolloutReport] {
        let total = try tokenTotal(headers, limits)
        let tokens: [Int32] = try values(0, name: "tokens", count: total)
        let logProbabilities: [Float] = try values(1, name: "log-probabilities", count: total)
        var reports: [RolloutReport] = []
        var start = 0
        for (index, header) in headers.enumerated() {
            let range = start..<start + header.tokenCount
            reports.append(
                try header.report(
                    index, of: kind, tokens: Array(tokens[range]), logProbabilities: Array(logProbabilities[range])))
            start = range.upperBound
        }
        return reports
    }

    private func tokenTotal(_ headers: [RolloutHeader], _ limits: MessageLimits) throws(ProtocolError) -> Int {
        guard headers.count <= limits.rollouts else {
            throw .tooLarge(kind: kind, what: "rollouts", limit: limits.rollouts, found: headers.count)
        }
        var total = 0
        for (index, header) in headers.enumerated() {
            guard header.tokenCount >= 0 else {
                throw .malformedHeader(kind: kind, problem: "rollouts.\(index).tokenCount is \(header.tokenCount)")
            }
            guard header.tokenCount <= limits.tokens - total else {
                throw .tooLarge(kind: kind, what: "tokens", limit: limits.tokens, found: header.tokenCount)
            }
            total += header.tokenCount
        }
        return total
    }

    /// - Throws: `ProtocolError.digestMismatch` if a bit of the payload is another than its sender's.
    func require(_ expected: Digest) throws(ProtocolError) {
        let found = digest
        guard found == expected else { throw .digestMismatch(kind: kind, expected: expected, found: found) }
    }
}
