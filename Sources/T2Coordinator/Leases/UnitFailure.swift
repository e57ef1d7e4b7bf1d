import T2Core

/// A failure of a unit on one worker.
package struct UnitFailure: Sendable, Equatable, Codable {
    package let worker: WorkerIdentifier
    package let attempt: Int
    package let category: FailureCategory
    package let message: String
    /// Of a unit that failed for want of rewards: how many of its completions had none, by reason.
    package var missing: [String: Int] = [:]
    /// What the worker logged last: for the evidence alone, not kept in the database.
    package var logLines: [String] = []

    private enum CodingKeys: String, CodingKey {
        case worker, attempt, category, message, missing
    }

    /// Where it happened and why, for a message.
    var sentence: String {
        "attempt \(attempt) on \(worker): \(category.rawValue): \(message)" + (message.hasSuffix(".") ? "" : ".")
    }

    var isMissingReward: Bool { category == .missingReward }

    /// What `missing` says, or at least that there was a failure for want of a reward; empty for other failures.
    var missingReasons: [String: Int] {
        guard isMissingReward else { return [:] }
        return missing.isEmpty ? [message: 1] : missing
    }

    /// Whether it speaks of the unit: a lease that vanished or expired says nothing about what it was for.
    var isReported: Bool { category != .vanished && category != .expired }
}
