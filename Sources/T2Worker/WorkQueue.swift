import Foundation
import Synchronization
import T2Engine
import T2Transport

/// Units waiting for a lane, first in, first out. A lane's thread waits nowhere else.
///
/// Invariant: the queue holds at most as many units as the worker gave credit for.
final class WorkQueue: Sendable {
    private let condition = NSCondition()
    private nonisolated(unsafe) var waiting: [UnitWork] = []
    private nonisolated(unsafe) var isClosed = false

    func put(_ work: UnitWork) {
        condition.withLock {
            waiting.append(work)
            condition.signal()
        }
    }

    /// Waits for the next unit that is not cancelled; nil once the queue is closed.
    func take() -> UnitWork? {
        condition.withLock {
            while true {
                if isClosed { return nil }
                waiting.removeAll(where: \.isCancelled)
                if !waiting.isEmpty { return waiting.removeFirst() }
                condition.wait()
            }
        }
    }

    /// Ends every lane and drops the queued units.
    func close() {
        condition.withLock {
            isClosed = true
            waiting = []
            condition.broadcast()
        }
    }
}

/// A lease that is queued or computed by a lane, with its policies.
final class UnitWork: Sendable {
    let lease: Lease
    let policies: PolicySet
    private let cancelled = Atomic<Bool>(false)

    init(lease: Lease, policies: PolicySet) {
        self.lease = lease
        self.policies = policies
    }

    /// Stops the lane at its next token.
    func cancel() { cancelled.store(true, ordering: .relaxed) }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
}
