import CZeroMQ
import Dispatch
import Foundation
import Synchronization

/// A thread that executes one actor's jobs and, between them, waits in the actor's own poll.
///
/// Invariants: jobs and turns run on this thread alone, one at a time, until a turn returns false. Jobs that arrive after that
/// (calls on a closed transport) run one at a time on a dispatch queue, so that no caller waits for ever.
final class IOThread: SerialExecutor {
    private struct Queue {
        var jobs: [UnownedJob] = []
        var hasEnded = false
    }

    /// A descriptor for the poll; readable while jobs wait.
    let wakeDescriptor: Int32
    private let queue = Mutex(Queue())
    private let identity = Mutex<pthread_t?>(nil)
    private let afterwards = DispatchQueue(label: "t2.transport.closed")

    /// - Throws: `TransportError` if the process has no file descriptor left.
    init() throws(TransportError) {
        wakeDescriptor = t2_eventfd()
        guard wakeDescriptor >= 0 else { throw .systemCall(operation: "create an eventfd", code: errno) }
    }

    deinit { Foundation.close(wakeDescriptor) }

    /// Starts the thread. Each turn waits for work, does it, and returns false once the thread may end.
    func start(turn: @escaping @Sendable () -> Bool) {
        let thread = Thread { [self] in
            identity.withLock { $0 = pthread_self() }
            repeat { runJobs() } while turn()
            end()
        }
        thread.name = "t2-transport"
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let (hasEnded, isFirst) = queue.withLock { queue in
            if !queue.hasEnded { queue.jobs.append(job) }
            return (queue.hasEnded, queue.jobs.count == 1)
        }
        if hasEnded {
            afterwards.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
        } else if isFirst {
            var one: UInt64 = 1
            // This cannot fail: the counter is reset long before it could overflow.
            _ = write(wakeDescriptor, &one, 8)
        }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    /// A turn is not a job, so the runtime calls this to check that it may access the actor.
    func checkIsolated() {
        let isHere = identity.withLock { $0.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
        precondition(isHere, "the sockets of a transport are used on its I/O thread alone")
    }

    private func runJobs() {
        var count: UInt64 = 0
        _ = read(wakeDescriptor, &count, 8)
        for job in takeJobs(andEnd: false) { job.runSynchronously(on: asUnownedSerialExecutor()) }
    }

    private func end() {
        for job in takeJobs(andEnd: true) {
            afterwards.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
        }
    }

    private func takeJobs(andEnd end: Bool) -> [UnownedJob] {
        queue.withLock { queue in
            queue.hasEnded = end
            defer { queue.jobs = [] }
            return queue.jobs
        }
    }
}
