import T2Core

/// A failure of a unit on one worker.
package struct UnitFailure: Sendable, Equatable, Codable {
    package let worker: WorkerIdentifier
    package let attempt: Int
    /// `expired`, `vanished`, or the category of a refusal or of the worker's own report.
    package let category: String
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
        "attempt \(attempt) on \(worker): \(category): \(message)" + (message.hasSuffix(".") ? "" : ".")
    }

    var isMissingReward: Bool { category == ResultDefect.Category.missingReward.rawValue }

    /// What `missing` says, or at least that there was a failure for want of a reward; empty for other failures.
    var missingReasons: [String: Int] {
        guard isMissingReward else { return [:] }
        return missing.isEmpty ? [message: 1] : missing
    }

    /// The category of a worker that went away without a word.
    package static let vanished = "vanished"
    /// The category of a lease without progress.
    static let expired = "expired"

    /// Whether it speaks of the unit: a lease that vanished or expired says nothing about what it was for.
    var isReported: Bool { category != Self.vanished && category != Self.expired }

    /// Whether the run must stop at once.
    var isNonFinite: Bool { category == ResultDefect.Category.nonFinite.rawValue }
}
