import T2Core

/// A failure of a unit on one worker.
package struct UnitFailure: Sendable, Equatable, Codable {
    package let worker: WorkerIdentifier
    package let attempt: Int
    package let category: FailureCategory
    package let message: String
    /// The number of completions without a reward, by reason.
    package var missing: [String: Int] = [:]
    /// The worker's last log lines. They are saved as evidence and not stored in the database.
    package var logLines: [String] = []

    /// The largest length of a message or a log line in Unicode scalars, and number of log lines: what a worker says may be
    /// long, and every attempt is stored.
    private static let (longestText, mostLines) = (2_000, 20)

    init(
        worker: WorkerIdentifier, attempt: Int, category: FailureCategory, message: String,
        missing: [String: Int] = [:], logLines: [String] = []
    ) {
        func short(_ text: String) -> String {
            String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.longestText)))
        }
        self.worker = worker
        self.attempt = attempt
        self.category = category
        self.message = short(message)
        self.missing = missing
        self.logLines = logLines.suffix(Self.mostLines).map(short)
    }

    private enum CodingKeys: String, CodingKey {
        case worker, attempt, category, message, missing
    }

    /// The worker and the reason, for a message.
    var sentence: String {
        "attempt \(attempt) on \(worker): \(category.rawValue): \(message)" + (message.hasSuffix(".") ? "" : ".")
    }

    var isMissingReward: Bool { category == .missingReward }

    /// The content of `missing`, or a general reason if it is empty; empty for failures that are not missing rewards.
    var missingReasons: [String: Int] {
        guard isMissingReward else { return [:] }
        return missing.isEmpty ? [message: 1] : missing
    }

    /// Whether the failure counts against the unit. The loss or expiry of a lease does not.
    var isReported: Bool { category != .vanished && category != .expired }
}
