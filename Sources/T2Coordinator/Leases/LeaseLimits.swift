/// The limits at which leases end, workers count as dead, and units and workers are given up.
package struct LeaseLimits: Sendable, Equatable {
    /// The shortest length of a lease.
    package var minimumLength: Duration = .seconds(30)
    /// A lease lasts this many times the 95th percentile of the worker's durations.
    package var lengthFactor = 3.0
    /// The most leases that a worker holds, however much credit it offers. An honest worker asks for a few more than its lanes.
    package var mostHeld = 2_048
    /// The number of workers that must report a failure of the same unit before its run stops.
    package var failuresToPoison = 3
    /// The number of reported failures of the same unit, on however few workers, before its run stops.
    package var mostFailures = 6
    /// The number of consecutive failures of a worker, on several units, before it is set aside.
    package var failuresToSetAside = 3
    /// How long a worker is set aside the first time; the time doubles with each further time.
    package var firstAside: Duration = .seconds(10)
    package var longestAside: Duration = .seconds(600)
    /// How long a unit that failed on a worker waits for another worker.
    package var longestKept: Duration = .seconds(600)
    /// The silence after which a worker is suspected.
    package var suspectAfter: Duration = .seconds(5)
    /// The silence after which a worker counts as dead and its units are leased to others.
    package var deadAfter: Duration = .seconds(15)
    /// The time without a new token after which a lease is reported as stuck.
    package var stuckAfter: Duration = .seconds(60)
    /// The time without a new token after which PROGRESS no longer renews a lease, unless its own length is longer: no worker takes longer to
    /// decompose a model, or for a pass of the gradient.
    package var longestStandstill: Duration = .seconds(6 * 3_600)
    /// Whether a worker of another machine kind may audit a result. Otherwise one that only such workers could audit is not audited.
    package var auditsAcrossKinds = true
    /// An idle worker gets a further copy of a unit whose last copy has taken this many times the median duration.
    package var copyFactor = 2.0

    package init() {}

    /// The length of the next lease of a worker with this history.
    package func length(after durations: DurationHistory) -> Duration {
        guard let typical = durations.percentile(0.95) else { return minimumLength }
        return max(minimumLength, typical * lengthFactor)
    }
}
