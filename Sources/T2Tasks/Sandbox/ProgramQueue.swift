import Foundation
import Synchronization

/// Programs on their way to the sandbox's threads.
///
/// Invariant: every program added is taken once and answered once.
final class ProgramQueue: Sendable {
    struct Entry: Sendable {
        let program: Program
        let position: Int
        let batch: ProgramBatch
    }

    private let entries = Mutex<(waiting: [Entry], isClosed: Bool)>(([], false))
    private let changes = DispatchSemaphore(value: 0)

    func add(_ new: [Entry]) {
        // Reversed, because they are taken from the end.
        entries.withLock { $0.waiting.insert(contentsOf: new.reversed(), at: 0) }
        for _ in new { changes.signal() }
    }

    /// The oldest entry; waits for one; nil once the queue is closed.
    func take() -> Entry? {
        changes.wait()
        let entry = entries.withLock { $0.isClosed ? nil : $0.waiting.popLast() }
        // So that every other thread finds it closed too.
        if entry == nil { changes.signal() }
        return entry
    }

    func close() {
        entries.withLock { $0.isClosed = true }
        changes.signal()
    }
}

/// Programs that were handed in together, and their results in the same order.
final class ProgramBatch: Sendable {
    private let results: Mutex<[ProgramResult]>
    private let answered = DispatchSemaphore(value: 0)

    init(count: Int) {
        results = Mutex(Array(repeating: .notRun(reason: "not answered"), count: count))
    }

    func answer(_ position: Int, _ result: ProgramResult) {
        results.withLock { $0[position] = result }
        answered.signal()
    }

    /// Blocks until every program has been answered.
    func wait() -> [ProgramResult] {
        for _ in 0..<results.withLock({ $0.count }) { answered.wait() }
        return results.withLock { $0 }
    }
}
