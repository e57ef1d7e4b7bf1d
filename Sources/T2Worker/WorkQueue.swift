import Foundation

/// Units waiting for a lane, first in, first out. The only place where a lane's thread waits.
///
/// Invariant: at most as many units wait as the worker gave credit for.
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

    /// The next unit that is still wanted; waits for one; nil once the queue is closed.
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

    /// Sends every lane home; what waits is dropped.
    func close() {
        condition.withLock {
            isClosed = true
            waiting = []
            condition.broadcast()
        }
    }
}
