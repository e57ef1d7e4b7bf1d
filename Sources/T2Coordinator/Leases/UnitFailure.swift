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
