import T2Core
import T2Model
import T2Numerics

/// Threads that run one model in parallel, each with its own scratch memory, which is kept between calls.
///
/// Invariants: `map` is called by one thread at a time; the result of an item does not depend on the lane that computes it.
package final class LanePool: Sendable {
    package let base: BaseModel
    private nonisolated(unsafe) let lanes: [Lane]

    package var count: Int { lanes.count }

    /// - Parameter threads: the threads of each lane.
    /// - Throws: `InputError` if the system refuses them.
    package init(_ base: BaseModel, count: Int, threads: Int = 1) throws {
        precondition(count > 0)
        self.base = base
        lanes = try (0..<count).map { _ in try Lane(base, threads: threads) }
    }

    /// The results of `body` in the order of the items; each lane takes the next item when it has finished one.
    ///
    /// - Throws: what `body` throws, for the earliest item that failed; no further item is then started.
    package func map<Item: Sendable, Output: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable (Lane, Int, Item) throws -> Output
    ) throws -> [Output] {
        let work = SharedWork<Output>(count: items.count)
        LaneThread.run(min(count, items.count)) { lane in
            work.run { try body(self.lanes[lane], $0, items[$0]) }
        }
        return try work.outputs
    }
}
