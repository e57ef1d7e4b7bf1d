/// When a lease ends, when a worker counts as lost, and when a unit is given up.
package struct LeasePolicy: Sendable, Equatable {
    /// No lease is shorter.
    package var minimumLength: Duration = .seconds(30)
    /// A lease lasts this many times the 95th percentile of the worker's durations.
    package var lengthFactor = 3.0
    /// Workers on which a unit fails before the run stops.
    package var failuresToPoison = 3
    /// Failures of a unit, on however few workers, before the run stops: with one worker there is nobody else to ask.
    package var mostFailures = 6
    /// Silence after which a worker is suspected.
    package var suspectAfter: Duration = .seconds(5)
    /// Silence after which a worker is dead and its leases go to others.
    package var deadAfter: Duration = .seconds(15)
    /// Time without a new token after which a lease is reported.
    package var stuckAfter: Duration = .seconds(60)
    /// With nothing else to do, a second copy goes out once a unit takes this many times the median duration.
    package var secondCopyFactor = 2.0

    package init() {}

    /// Length of the next lease of a worker with this history.
    package func length(after durations: DurationHistory) -> Duration {
        guard let typical = durations.percentile(0.95) else { return minimumLength }
        return max(minimumLength, typical * lengthFactor)
    }
}
