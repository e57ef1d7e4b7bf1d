import T2Core

/// A worker in the lease table.
package struct LeasedWorker: Sendable, Equatable {
    /// A lease that the worker holds.
    struct Held: Sendable, Equatable {
        /// In the order of granting, over all workers.
        let number: Int
        let name: LeaseName
        /// The worker has reported tokens of it.
        var hasBegun = false
    }

    /// In the order of joining.
    package let number: Int
    /// Units it computes at a time.
    package let lanes: Int
    /// Leases it can take now.
    package internal(set) var credit = 0
    /// Leases sent to it since it said HELLO.
    package internal(set) var sent = 0
    package internal(set) var lastHeard: ContinuousClock.Instant
    package internal(set) var isSuspect = false
    package internal(set) var isReachable = true
    package internal(set) var durations = DurationHistory()
    /// In the order of granting: the first ones are on its lanes, the others wait behind them.
    private(set) var held: [Held] = []
    /// When it last answered a lease, with a result or an error.
    var lastAnswer: ContinuousClock.Instant?
    /// It computed a unit that was accepted.
    private(set) var isProven = false
    /// Units that it failed since it last computed one.
    private(set) var failuresInARow = 0
    private(set) var failsSeveralUnits = false
    private(set) var failingUnit: UnitKey?
    private(set) var timesSetAside = 0
    /// Until then it is offered nothing, as long as others work.
    var asideUntil: ContinuousClock.Instant?
    /// It counts among the workers that a unit may be kept for.
    var isSound = false

    var isInTouch: Bool { isReachable && !isSuspect }

    /// It really takes leases, and is not set aside: it can take one now, holds some, or has answered one not long ago.
    func isAtWork(at now: ContinuousClock.Instant, _ policy: LeasePolicy) -> Bool {
        guard isInTouch, asideUntil == nil else { return false }
        return credit > 0 || !held.isEmpty || lastAnswer.map { now - $0 < policy.minimumLength } ?? false
    }

    /// Time alone does something to it.
    func isDue(at now: ContinuousClock.Instant, _ policy: LeasePolicy) -> Bool {
        now - lastHeard >= (isSuspect ? policy.deadAfter : policy.suspectAfter)
            || asideUntil.map { $0 <= now } ?? false || isSound != isAtWork(at: now, policy)
    }

    // MARK: - Leases

    /// Leases that can be moved to a worker that would idle: they wait, and have no token yet.
    var movable: some BidirectionalCollection<Held> { held.dropFirst(lanes).lazy.filter { !$0.hasBegun } }

    /// - Returns: whether a lane is free for it.
    mutating func hold(_ number: Int, _ name: LeaseName) -> Bool {
        held.append(Held(number: number, name: name))
        return held.count <= lanes
    }

    /// The worker reports tokens of the lease.
    ///
    /// - Returns: whether it could have been moved until now.
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

    mutating func noteSuccess(at now: ContinuousClock.Instant) {
        lastAnswer = now
        isProven = true
        failuresInARow = 0
        failsSeveralUnits = false
        failingUnit = nil
        timesSetAside = 0
        asideUntil = nil
    }

    /// A worker that fails several units in a row, and succeeds with none, is set aside, for twice as long each time.
    mutating func noteFailure(
        of unit: UnitKey, isReported: Bool, at now: ContinuousClock.Instant, _ policy: LeasePolicy
    ) {
        if isReported { lastAnswer = now }
        failuresInARow += 1
        if let failingUnit, failingUnit != unit { failsSeveralUnits = true }
        failingUnit = failingUnit ?? unit
        guard failsSeveralUnits, failuresInARow >= policy.failuresToSetAside, asideUntil == nil else { return }
        asideUntil = now + min(policy.longestAside, policy.firstAside * (1 << min(timesSetAside, 20)))
        timesSetAside += 1
    }
}
