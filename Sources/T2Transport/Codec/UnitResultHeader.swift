import Foundation
import T2Core

/// The JSON header of a RESULT. The payload holds the tensors of the completions, and `gradient` (f32) if there is one.
struct UnitResultHeader: Codable {
    let unit: UnitKey
    let attempt: Int
    let epoch: UInt64
    let statistics: UnitStatistics
    let completions: [CompletionHeader]
    let payload: [TensorDescription]
    let payloadDigest: Digest

    init(_ result: UnitResult, payload: inout TensorParts) throws(ProtocolError) {
        completions = try payload.append(result.output.completions)
        if let gradient = result.output.gradient { payload.append("gradient", gradient) }
        unit = result.unit
        attempt = result.attempt
        epoch = result.epoch
        statistics = result.output.statistics
        self.payload = payload.descriptions
        payloadDigest = payload.digest
    }

    /// Decodes the result and checks its counts and the digest of its payload.
    func result(_ parts: [Data], _ limits: MessageLimits) throws(ProtocolError) -> UnitResult {
        let received = try TensorParts(kind: .result, descriptions: payload, parts: parts)
        let own = TensorParts.completionParts
        guard (own...own + 1).contains(parts.count) else {
            throw .wrongPartCount(kind: received.kind, expected: 2 + own + 1, found: 2 + parts.count)
        }
        var output = UnitOutput(completions: try received.completions(completions, limits), statistics: statistics)
        if parts.count > own {
            output.gradient = try received.values(own, name: "gradient", count: payload[own].shape.first ?? 0)
        }
        try received.require(payloadDigest)
        return UnitResult(unit: unit, attempt: attempt, epoch: epoch, output: output)
    }
}
