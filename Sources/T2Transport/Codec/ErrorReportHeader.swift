import Foundation
import T2Core

/// The JSON header of an ERROR. The payload holds the tensors of the completions, if there are any.
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

    init(_ report: ErrorReport, payload: inout TensorParts) throws(ProtocolError) {
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
    func report(_ parts: [Data], _ limits: MessageLimits) throws(ProtocolError) -> ErrorReport {
        let kind = Message.Kind.error.rawValue
        let expected = completions == nil ? 2 : 2 + TensorParts.completionParts
        guard 2 + parts.count == expected else {
            throw .wrongPartCount(kind: kind, expected: expected, found: 2 + parts.count)
        }
        var report = ErrorReport(
            unit: unit, attempt: attempt, category: category, message: message, logLines: logLines, policy: policy)
        guard let completions else { return report }
        guard let payloadDigest else { throw .malformedHeader(kind: kind, problem: "payloadDigest is missing") }
        let received = try TensorParts(kind: .error, descriptions: payload ?? [], parts: parts)
        report.completions = try received.completions(completions, limits)
        try received.require(payloadDigest)
        return report
    }
}
