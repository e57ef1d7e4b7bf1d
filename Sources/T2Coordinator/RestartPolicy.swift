/// How often a crashed local worker is started again: three times within a minute, then never. Pure.
package struct RestartPolicy: Sendable, Equatable {
    package static let limit = 3
    package static let window: Duration = .seconds(60)

    private var crashes: [ContinuousClock.Instant] = []

    package init() {}

    /// Notes a crash.
    ///
    /// - Returns: whether to start the worker again.
    package mutating func mayRestart(at now: ContinuousClock.Instant) -> Bool {
        crashes = crashes.filter { now - $0 < Self.window } + [now]
        return crashes.count <= Self.limit
    }
}
