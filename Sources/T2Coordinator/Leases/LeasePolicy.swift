/// When a lease ends, when a worker counts as lost, and when a unit or a worker is given up.
package struct LeasePolicy: Sendable, Equatable {
    /// No lease is shorter.
    package var minimumLength: Duration = .seconds(30)
    /// A lease lasts this many times the 95th percentile of the worker's durations.
    package var lengthFactor = 3.0
    /// A worker holds no more leases than this, whatever credit it gives: an honest one asks for a few more than its lanes.
    package var mostHeld = 2_048
    /// Workers that report a failure of one unit before its run stops.
    package var failuresToPoison = 3
    /// Reported failures of a unit, on however few workers, before its run stops: with one worker there is none else to ask.
    package var mostFailures = 6
    /// Failures of a worker in a row, without a success and with several units, before it is set aside.
    package var failuresToSetAside = 3
    /// How long a worker is set aside first; each time it takes twice as long.
    package var firstAside: Duration = .seconds(10)
    package var longestAside: Duration = .seconds(600)
    /// A unit that failed on a worker waits at most this long for another one.
    package var longestKept: Duration = .seconds(600)
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
