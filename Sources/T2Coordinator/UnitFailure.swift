import T2Core

/// A failure of a unit on one worker.
package struct UnitFailure: Sendable, Equatable, Codable {
    package let worker: WorkerIdentifier
    package let attempt: Int
    /// `expired`, `vanished`, or the category of a refusal or of the worker's own report.
    package let category: String
    package let message: String
    /// What the worker logged last: for the evidence alone, not kept in the database.
    package var logLines: [String] = []

    private enum CodingKeys: String, CodingKey {
        case worker, attempt, category, message
    }

    /// Where it happened and why, for a message.
    var sentence: String {
        "attempt \(attempt) on \(worker): \(category): \(message)" + (message.hasSuffix(".") ? "" : ".")
    }

    /// The category of a worker that went away without a word.
    package static let vanished = "vanished"
}
