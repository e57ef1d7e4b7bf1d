import T2Core

/// A worker in the lease table.
package struct LeasedWorker: Sendable, Equatable {
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
    var queue: LeaseQueue
    /// When it last answered a lease, with a result or an error.
    var lastAnswer: ContinuousClock.Instant?
    /// It computed a unit that was accepted.
    private(set) var isProven = false
    /// Units that it failed since it last computed one.
    private(set) var failuresInARow = 0
    private(set) var failsSeveralUnits = false
    private var failingUnit: UnitKey?
    private var timesSetAside = 0
    /// Until then it is offered nothing, as long as others work.
    private(set) var asideUntil: ContinuousClock.Instant?
    /// It counts among the workers that a unit may be kept for.
    var isSound = false

    init(number: Int, lanes: Int, lastHeard: ContinuousClock.Instant) {
        self.number = number
        self.lanes = lanes
        self.lastHeard = lastHeard
        queue = LeaseQueue(lanes: lanes)
    }

    var isInTouch: Bool { isReachable && !isSuspect }

    /// It really takes leases: it can take one now, holds some, or has answered one not long ago.
    func isAtWork(at now: ContinuousClock.Instant, _ policy: LeasePolicy) -> Bool {
        guard isInTouch else { return false }
        return credit > 0 || !queue.isEmpty || lastAnswer.map { now - $0 < policy.minimumLength } ?? false
    }

    mutating func noteSuccess() {
        isProven = true
        failuresInARow = 0
        failsSeveralUnits = false
        failingUnit = nil
        timesSetAside = 0
        asideUntil = nil
    }

    /// It is offered units again; one more failure sets it aside for longer.
    mutating func readmit() { asideUntil = nil }

    /// A worker that fails several units in a row, and succeeds with none, is set aside, for twice as long each time.
    mutating func noteFailure(of unit: UnitKey, at now: ContinuousClock.Instant, _ policy: LeasePolicy) {
        failuresInARow += 1
        if let failingUnit, failingUnit != unit { failsSeveralUnits = true }
        failingUnit = failingUnit ?? unit
        guard failsSeveralUnits, failuresInARow >= policy.failuresToSetAside, asideUntil == nil else { return }
        asideUntil = now + min(policy.longestAside, policy.firstAside * (1 << min(timesSetAside, 20)))
        timesSetAside += 1
    }
}
