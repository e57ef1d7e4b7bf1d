import Foundation
import Synchronization

/// The programs that wait for one of the sandbox's threads, and the process of each thread.
///
/// Invariant: every program added is taken once and answered once.
final class ProgramQueue: Sendable {
    struct Entry: Sendable {
        let program: Program
        let answer: @Sendable (ProgramResult) -> Void
    }

    let processes: Mutex<[pid_t?]>
    private let entries = Mutex<(waiting: [Entry], isClosed: Bool)>(([], false))
    private let changes = DispatchSemaphore(value: 0)

    init(threads: Int) { processes = Mutex(Array(repeating: nil, count: threads)) }

    func add(_ new: [Entry]) {
        // In reverse order, because they are taken from the end.
        entries.withLock { $0.waiting.insert(contentsOf: new.reversed(), at: 0) }
        for _ in new { changes.signal() }
    }

    /// The oldest entry; waits until there is one. Nil once the queue is closed.
    func take() -> Entry? {
        changes.wait()
        let entry = entries.withLock { $0.isClosed ? nil : $0.waiting.popLast() }
        // Wakes the next thread, so that all of them see that the queue is closed.
        if entry == nil { changes.signal() }
        return entry
    }

    func close() {
        entries.withLock { $0.isClosed = true }
        changes.signal()
    }
}
