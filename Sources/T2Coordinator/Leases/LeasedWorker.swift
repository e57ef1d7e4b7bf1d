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

    init(number: Int, lanes: Int, lastHeard: ContinuousClock.Instant) {
        self.number = number
        self.lanes = lanes
        self.lastHeard = lastHeard
    }

    var takesLeases: Bool { credit > 0 && isReachable && !isSuspect }
}
