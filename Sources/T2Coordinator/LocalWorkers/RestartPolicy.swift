/// When a crashed local worker is started again: after a pause that doubles from crash to crash, and never after too many
/// crashes in a row. Pure.
package struct RestartPolicy: Sendable, Equatable {
    /// Crashes in a row that are forgiven.
    package static let limit = 7
    package static let firstPause: Duration = .milliseconds(500)
    package static let longestPause: Duration = .seconds(30)
    /// A worker that lived this long had started well: its crash is the first of a new row.
    package static let soundLife: Duration = .seconds(60)

    private var crashes = 0

    package init() {}

    /// Notes a crash.
    ///
    /// - Parameter life: how long the worker had run.
    /// - Returns: the pause before it is started again; nil if it is given up.
    package mutating func pause(afterLife life: Duration) -> Duration? {
        crashes = life >= Self.soundLife ? 1 : crashes + 1
        guard crashes <= Self.limit else { return nil }
        return min(Self.firstPause * (1 << (crashes - 1)), Self.longestPause)
    }
}
