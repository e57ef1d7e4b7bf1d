import Foundation
import T2Core
import T2Transport

/// The results that emulated workers return: completions of one token, all wrong, and a random gradient, the same for all
/// units of a step.
///
/// Their headers are written as text: encoding each from its structure would take as long as the coordinator needs for it.
struct EmulatedResults {
    private struct Payload {
        let parts: [Data]
        let header: String
    }

    private struct Shape: Hashable {
        let step: Int
        let completions: Int
        let gradient: Int?
    }

    private var counts: [Digest: Int] = [:]
    private var payloads: [Shape: Payload] = [:]

    func knows(_ policy: Digest) -> Bool { counts[policy] != nil }

    mutating func note(_ blob: Blob) { counts[blob.digest] = blob.policy.vector?.values.count ?? 0 }

    /// The RESULT of a lease whose policies are known.
    mutating func frame(of lease: Lease) -> Data {
        let work = lease.work
        let gradient = work.gradient.flatMap { _ in work.policies.first.flatMap { counts[$0] } }
        let shape = Shape(step: lease.unit.step, completions: work.sequences.count, gradient: gradient)
        let payload = payloads[shape] ?? Self.payload(shape)
        if payloads[shape] == nil {
            // Those of earlier steps are not needed any more.
            payloads = payloads.filter { $0.key.step == shape.step }
            payloads[shape] = payload
        }
        let completions = work.sequences.map { sequence in
            """
            {"advantage":0,"finishReason":"stop","outcome":"wrong","policy":\(sequence.policy),"problem":\
            "\(work.problems[sequence.problem].id)","problemIndex":\(work.problemIndices[sequence.problem]),\
            "promptCount":1,"sample":\(sequence.sample),"text":"","tokenCount":1}
            """
        }
        let key = lease.unit
        let header = """
            {"attempt":\(lease.attempt),"completions":[\(completions.joined(separator: ","))],"epoch":\(lease.epoch),\
            \(payload.header),"statistics":{"completionTokens":\(shape.completions),"equalRewardGroups":0,\
            "gradientSeconds":0,"largestLogProbabilityDifference":0,"missing":{},"policyLoss":0,\
            "promptTokens":\(shape.completions),"rewardSeconds":0,"samplingSeconds":0},\
            "unit":{"index":\(key.index),"phase":"\(key.phase.rawValue)","run":"\(key.run)","step":\(key.step)}}
            """
        return MessageCodec.frame(of: [Data(Message.Kind.result.rawValue.utf8), Data(header.utf8)] + payload.parts)
    }

    private static func payload(_ shape: Shape) -> Payload {
        let ones = [Int32](repeating: 1, count: shape.completions).withUnsafeBytes { Data($0) }
        let logs = [Float](repeating: -1, count: shape.completions).withUnsafeBytes { Data($0) }
        var tensors = [("prompts", "I32", ones), ("tokens", "I32", ones), ("log-probabilities", "F32", logs)]
        if let count = shape.gradient {
            var random = SeededRandom(seed: UInt64(shape.step))
            let values = (0..<count).map { _ in Float(0.01 * random.nextNormal()) }
            tensors.append(("gradient", "F32", values.withUnsafeBytes { Data($0) }))
        }
        var digest = DigestBuilder()
        for (_, _, bytes) in tensors { bytes.withUnsafeBytes { digest.update($0) } }
        let descriptions = tensors.map {
            #"{"element":"\#($0.1)","name":"\#($0.0)","shape":[\#($0.2.count / 4)]}"#
        }
        return Payload(
            parts: tensors.map(\.2),
            header: """
                "payload":[\(descriptions.joined(separator: ","))],"payloadDigest":"\(digest.finalize())"
                """)
    }
}
