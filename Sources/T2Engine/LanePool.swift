import Foundation
import Synchronization
import T2Core
import T2Model

/// Threads that run one model in parallel, each with its own scratch memory, which is kept between calls.
///
/// Invariants: `map` is called by one thread at a time; the result of an item does not depend on the lane that computes it.
package final class LanePool: Sendable {
    package let base: BaseModel
    private nonisolated(unsafe) let lanes: [Lane]

    package var count: Int { lanes.count }

    package init(_ base: BaseModel, count: Int) {
        precondition(count > 0)
        self.base = base
        lanes = (0..<count).map { _ in Lane(base) }
    }

    /// The results of `body` in the order of the items; each lane takes the next item when it has finished one.
    ///
    /// - Throws: what `body` throws, for the earliest item that failed; no further item is then started.
    package func map<Item: Sendable, Output: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable (Lane, Int, Item) throws -> Output
    ) throws -> [Output] {
        let progress = Mutex(Progress<Output>(count: items.count))
        LaneThread.run(min(count, items.count)) { lane in
            while let index = progress.withLock({ $0.takeNext() }) {
                let result = Result { try body(self.lanes[lane], index, items[index]) }
                progress.withLock { $0.finish(index, result) }
            }
        }
        return try progress.withLock { try $0.outputs() }
    }

    /// The items taken so far and their results.
    private struct Progress<Output: Sendable>: Sendable {
        private var results: [Result<Output, any Error>?]
        private var next = 0
        private var hasFailed = false

        init(count: Int) { results = Array(repeating: nil, count: count) }

        mutating func takeNext() -> Int? {
            guard !hasFailed, next < results.count else { return nil }
            defer { next += 1 }
            return next
        }

        mutating func finish(_ index: Int, _ result: Result<Output, any Error>) {
            results[index] = result
            if case .failure = result { hasFailed = true }
        }

        func outputs() throws -> [Output] { try results.compactMap { try $0?.get() } }
    }
}
