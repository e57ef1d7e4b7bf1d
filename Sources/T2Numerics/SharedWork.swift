import Foundation
import T2Core

/// A list of items that several threads take one by one while another thread waits for the results.
package final class SharedWork<Output: Sendable>: Sendable {
    private let condition = NSCondition()
    private let count: Int
    private nonisolated(unsafe) var results: [Result<Output, any Error>?]
    private nonisolated(unsafe) var taken = 0
    private nonisolated(unsafe) var finished = 0
    private nonisolated(unsafe) var hasFailed = false

    package init(count: Int) {
        self.count = count
        results = Array(repeating: nil, count: count)
    }

    /// Takes and computes items on this thread until none is left or one has failed.
    package func run(_ body: (Int) throws -> Output) {
        while let index = take() {
            let result = Result { try body(index) }
            condition.withLock {
                results[index] = result
                finished += 1
                if case .failure = result { hasFailed = true }
                condition.signal()
            }
        }
    }

    private func take() -> Int? {
        condition.withLock {
            guard taken < count, !hasFailed else { return nil }
            defer { taken += 1 }
            return taken
        }
    }

    /// Waits for all items, or all that were taken before one failed.
    ///
    /// - Parameter progress: called with the numbers of finished and of all items: at first, each `tick`, at the end.
    package func wait(tick: Duration, progress: (Int, Int) -> Void) {
        var known = 0
        progress(known, count)
        while let next = wait(beyond: known, tick: tick) {
            known = next
            progress(known, count)
        }
    }

    /// Waits until more items are finished than `known`, or for `tick`, and returns their number. Returns nil if
    /// `known` counts all items that will ever finish.
    private func wait(beyond known: Int, tick: Duration) -> Int? {
        condition.withLock {
            let isOver = finished == taken && (taken == count || hasFailed)
            if isOver, finished == known { return nil }
            if finished == known { _ = condition.wait(until: Date(timeIntervalSinceNow: tick.seconds)) }
            return finished
        }
    }

    /// The outputs of all items once they are finished.
    ///
    /// - Throws: the error of the earliest item that failed.
    package var outputs: [Output] {
        get throws { try condition.withLock { try results.compactMap { try $0?.get() } } }
    }
}
