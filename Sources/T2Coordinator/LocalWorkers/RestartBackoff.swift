/// Decides when a crashed local worker is restarted: after a pause that doubles with each crash, and not at all after too many
/// crashes in a row.
package struct RestartBackoff: Sendable, Equatable {
    /// The largest number of crashes in a row after which a worker is restarted.
    package static let limit = 7
    package static let firstPause: Duration = .milliseconds(500)
    package static let longestPause: Duration = .seconds(30)
    /// A crash after this time counts as the first of a new series.
    package static let soundLife: Duration = .seconds(60)

    private var crashes = 0

    package init() {}

    /// Notes a crash.
    ///
    /// - Parameter life: the time that the worker had run.
    /// - Returns: the pause before the restart; nil if the worker is given up.
    package mutating func pause(afterLife life: Duration) -> Duration? {
        crashes = life >= Self.soundLife ? 1 : crashes + 1
        guard crashes <= Self.limit else { return nil }
        return min(Self.firstPause * (1 << (crashes - 1)), Self.longestPause)
    }
}
