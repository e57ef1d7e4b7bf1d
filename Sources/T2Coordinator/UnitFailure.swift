import T2Core

/// A failure of a unit on one worker.
package struct UnitFailure: Sendable, Equatable, Codable {
    package let worker: WorkerIdentifier
    package let attempt: Int
    /// `expired`, `vanished`, or the category of a refusal or of the worker's own report.
    package let category: String
    package let message: String

    /// The category of a worker that went away without a word.
    package static let vanished = "vanished"
}
