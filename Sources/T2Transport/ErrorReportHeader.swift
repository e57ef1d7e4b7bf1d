import Foundation
import T2Core

/// The JSON header of an ERROR. Payload: the rollouts' two frames if it carries any, else none.
struct ErrorReportHeader: Codable {
    let unit: UnitKey?
    let attempt: Int?
    let category: String
    let message: String
    let logLines: [String]
    let vector: Digest?
    // All three are there or none is.
    let rollouts: [RolloutHeader]?
    let payload: [TensorDescription]?
    let payloadDigest: Digest?

    init(_ report: ErrorReport, payload: inout TensorFrames) throws(ProtocolError) {
        unit = report.unit
        attempt = report.attempt
        category = report.category
        message = report.message
        logLines = report.logLines
        vector = report.vector
        guard !report.rollouts.isEmpty else {
            (rollouts, self.payload, payloadDigest) = (nil, nil, nil)
            return
        }
        rollouts = try payload.append(report.rollouts, kind: Message.Kind.error.rawValue)
        self.payload = payload.descriptions
        payloadDigest = payload.digest
    }

    /// The report, once its payload is shown to be what the header says.
    func report(_ frames: [Data], _ limits: MessageLimits) throws(ProtocolError) -> ErrorReport {
        let kind = Message.Kind.error.rawValue
        let expected = rollouts == nil ? 3 : 5
        guard 3 + frames.count == expected else {
            throw .wrongFrameCount(kind: kind, expected: expected, found: 3 + frames.count)
        }
        var report = ErrorReport(
            unit: unit, attempt: attempt, category: category, message: message, logLines: logLines, vector: vector)
        guard let rollouts else { return report }
        guard let payloadDigest else { throw .malformedHeader(kind: kind, problem: "payloadDigest is missing") }
        let received = try ReceivedTensorFrames(kind: kind, descriptions: payload ?? [], frames: frames)
        report.rollouts = try received.rollouts(rollouts, limits)
        try received.require(payloadDigest)
        return report
    }
}
