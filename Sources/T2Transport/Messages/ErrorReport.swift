import T2Core

/// A failure. If it names a unit, that lease ends as failed and the unit is handed out again.
package struct ErrorReport: Sendable, Equatable {
    package var unit: UnitKey?
    package var attempt: Int?
    package var category: FailureCategory
    package var message: String
    /// The last lines of the worker's log.
    package var logLines: [String]
    /// The policy that the error is about, if any.
    package var policy: Digest?
    /// All completions of a unit whose gradient or rewards failed, or none. They have the same payload as in a RESULT.
    package var completions: [Completion]

    package init(
        unit: UnitKey? = nil, attempt: Int? = nil, category: FailureCategory, message: String,
        logLines: [String] = [], policy: Digest? = nil, completions: [Completion] = []
    ) {
        self.unit = unit
        self.attempt = attempt
        self.category = category
        self.message = message
        self.logLines = logLines
        self.policy = policy
        self.completions = completions
    }
}
