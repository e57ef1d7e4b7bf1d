import T2Core

/// A worker in the lease table.
package struct LeasedWorker: Sendable, Equatable {
    /// A lease that the worker holds.
    struct Held: Sendable, Equatable {
        /// The lease's number in the order of granting, over all workers.
        let number: Int
        let name: LeaseName
        /// Whether the worker has reported tokens of the lease.
        var hasBegun = false
    }

    /// The worker's number in the order of joining.
    package let number: Int
    /// The number of units that the worker computes at a time.
    package let lanes: Int
    /// The kind of its machine, as its HELLO names it.
    package let kind: String
    /// The name of the key that it shares with other workers of the same party; nil if it has none.
    let key: String?
    /// The number of leases that the worker can take now.
    package internal(set) var credit = 0
    /// The number of leases sent to the worker since its HELLO.
    package internal(set) var sent = 0
    package internal(set) var lastHeard: ContinuousClock.Instant
    package internal(set) var isSuspect = false
    package internal(set) var isReachable = true
    package internal(set) var durations = DurationHistory()
    /// The current leases in the order of granting. The first ones are on lanes, and the others wait behind them.
    private(set) var held: [Held] = []
    /// The time of the last answer to a lease, a result or an error.
    var lastAnswer: ContinuousClock.Instant?
    /// Whether a result of the worker has been accepted.
    private(set) var isProven = false
    /// The units that have failed on the worker since its last success.
    private(set) var failuresInARow = 0
    private(set) var failsSeveralUnits = false
    private(set) var failingUnit: UnitKey?
    private(set) var timesSetAside = 0
    /// The worker is set aside until then: it gets no leases as long as other workers are at work.
    var asideUntil: ContinuousClock.Instant?
    /// Whether the worker is to leave once its leases have ended.
    package internal(set) var isDraining = false
    /// Whether the worker counts among those that a failed unit is kept for.
    var isSound = false

    var isInTouch: Bool { isReachable && !isSuspect }

    /// Whether the worker is neither set aside nor draining and takes leases: it can take one now, holds some, or has recently answered one.
    func isAtWork(at now: ContinuousClock.Instant, _ limits: LeaseLimits) -> Bool {
        guard isInTouch, !isDraining, asideUntil == nil else { return false }
        return credit > 0 || !held.isEmpty || lastAnswer.map { now - $0 < limits.minimumLength } ?? false
    }

    /// Whether elapsed time changes the worker's state.
    func isDue(at now: ContinuousClock.Instant, _ limits: LeaseLimits) -> Bool {
        now - lastHeard >= (isSuspect ? limits.deadAfter : limits.suspectAfter)
            || asideUntil.map { $0 <= now } ?? false || isSound != isAtWork(at: now, limits)
    }

    // MARK: - Leases

    /// The leases that can be moved to an idle worker: they wait and have no token yet.
    var movable: some BidirectionalCollection<Held> { held.dropFirst(lanes).lazy.filter { !$0.hasBegun } }

    /// - Returns: whether a lane is free for the lease.
    mutating func hold(_ number: Int, _ name: LeaseName) -> Bool {
        held.append(Held(number: number, name: name))
        return held.count <= lanes
    }

    /// Records that the worker reported tokens of the lease.
    ///
    /// - Returns: whether the lease could be moved until now.
    mutating func begin(_ number: Int) -> Bool {
        guard let index = held.firstIndex(where: { $0.number == number && !$0.hasBegun }) else { return false }
        held[index].hasBegun = true
        return index >= lanes
    }

    /// - Returns: the lease that now has the free lane.
    mutating func release(_ number: Int) -> LeaseName? {
        guard let index = held.firstIndex(where: { $0.number == number }) else { return nil }
        held.remove(at: index)
        return index < lanes && held.count >= lanes ? held[lanes - 1].name : nil
    }

    // MARK: - Successes and failures

    /// Records a result that is not accepted yet.
    mutating func noteAnswer(at now: ContinuousClock.Instant) { lastAnswer = now }

    mutating func noteSuccess(at now: ContinuousClock.Instant) {
        lastAnswer = now
        isProven = true
        failuresInARow = 0
        failsSeveralUnits = false
        failingUnit = nil
        timesSetAside = 0
        asideUntil = nil
    }

    /// Records a failure. A worker on which several units fail in a row is set aside, for twice as long each time.
    mutating func noteFailure(
        of unit: UnitKey, isReported: Bool, at now: ContinuousClock.Instant, _ limits: LeaseLimits
    ) {
        if isReported { lastAnswer = now }
        failuresInARow += 1
        if let failingUnit, failingUnit != unit { failsSeveralUnits = true }
        failingUnit = failingUnit ?? unit
        guard failsSeveralUnits, failuresInARow >= limits.failuresToSetAside, asideUntil == nil else { return }
        asideUntil = now + min(limits.longestAside, limits.firstAside * (1 << min(timesSetAside, 20)))
        timesSetAside += 1
    }
}
