import Foundation
import T2Core

/// The JSON header of an ERROR. The payload holds the frames of the completions, if there are any.
struct ErrorReportHeader: Codable {
    let unit: UnitKey?
    let attempt: Int?
    let category: FailureCategory
    let message: String
    let logLines: [String]
    let policy: Digest?
    // These three are present together or not at all.
    let completions: [CompletionHeader]?
    let payload: [TensorDescription]?
    let payloadDigest: Digest?

    init(_ report: ErrorReport, payload: inout TensorFrames) throws(ProtocolError) {
        unit = report.unit
        attempt = report.attempt
        category = report.category
        message = report.message
        logLines = report.logLines
        policy = report.policy
        guard !report.completions.isEmpty else {
            (completions, self.payload, payloadDigest) = (nil, nil, nil)
            return
        }
        completions = try payload.append(report.completions)
        self.payload = payload.descriptions
        payloadDigest = payload.digest
    }

    /// Decodes the report and checks its payload against the header.
    func report(_ frames: [Data], _ limits: MessageLimits) throws(ProtocolError) -> ErrorReport {
        let kind = Message.Kind.error.rawValue
        let expected = completions == nil ? 3 : 3 + TensorFrames.completionFrames
        guard 3 + frames.count == expected else {
            throw .wrongFrameCount(kind: kind, expected: expected, found: 3 + frames.count)
        }
        var report = ErrorReport(
            unit: unit, attempt: attempt, category: category, message: message, logLines: logLines, policy: policy)
        guard let completions else { return report }
        guard let payloadDigest else { throw .malformedHeader(kind: kind, problem: "payloadDigest is missing") }
        let received = try TensorFrames(kind: .error, descriptions: payload ?? [], frames: frames)
        report.completions = try received.completions(completions, limits)
        try received.require(payloadDigest)
        return report
    }
}
