import Foundation
import T2Core

/// The JSON header of a RESULT. Payload: the rollouts' two frames, and `gradient` (f32) if there is one.
struct UnitResultHeader: Codable {
    let unit: UnitKey
    let attempt: Int
    let epoch: UInt64
    let statistics: UnitStatistics
    let rollouts: [RolloutHeader]
    let payload: [TensorDescription]
    let payloadDigest: Digest

    init(_ result: UnitResult, payload: inout TensorFrames) throws(ProtocolError) {
        rollouts = try payload.append(result.rollouts, kind: Message.Kind.result.rawValue)
        if let gradient = result.gradient { payload.append("gradient", gradient) }
        unit = result.unit
        attempt = result.attempt
        epoch = result.epoch
        statistics = result.statistics
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
        let reports = try received.rollouts(rollouts, limits)
        let gradient: [Float]? =
            frames.count == 3 ? try received.values(2, name: "gradient", count: payload[2].shape.first ?? 0) : nil
        try received.require(payloadDigest)
        return UnitResult(
            unit: unit, attempt: attempt, epoch: epoch, rollouts: reports, statistics: statistics, gradient: gradient)
    }
}
