import CKernels
import Synchronization
import T2Core

/// Threads that compute parts of one piece of work together. A token step has hundreds of such pieces, so the threads wait for the next
/// one awake for a few microseconds before they sleep.
///
/// One thread at a time gives a team work. What a part computes must not depend on the number of threads.
package final class ThreadTeam: @unchecked Sendable {
    package let count: Int
    /// Nil for the calling thread alone.
    private let team: OpaquePointer?

    /// The calling thread alone; any number of lanes can use it.
    package static let alone = ThreadTeam()

    private init() { (count, team) = (1, nil) }

    /// - Throws: `InputError` (unavailable) if the system refuses a thread.
    package init(count: Int) throws {
        precondition(count > 0)
        guard let team = t2_team_new(count) else {
            throw InputError(
                "threads", "the system does not let this process start \(count) threads for a lane",
                remedy: "Raise the limit on processes (ulimit -u), or give fewer --threads.", exitStatus: .unavailable)
        }
        self.count = count
        self.team = team
    }

    deinit { if let team { t2_team_free(team) } }

    /// Calls `body` once on each thread with the thread's number, 0 on this one, and returns when all have returned.
    package func run(_ body: (Int) -> Void) {
        guard let team, count > 1 else { return body(0) }
        withoutActuallyEscaping(body) { body in
            var body = body
            withUnsafeMutablePointer(to: &body) { pointer in
                t2_team_run(
                    team,
                    { context, thread in
                        context!.assumingMemoryBound(to: ((Int) -> Void).self).pointee(thread)
                    }, pointer)
            }
        }
    }

    /// Calls `body` with a thread's number and its range; the ranges are disjoint, and together they are 0..<items.
    package func split(_ items: Int, _ body: (Int, Range<Int>) -> Void) {
        guard count > 1, items > 1 else { return body(0, 0..<items) }
        run { thread in
            let range = items * thread / count..<items * (thread + 1) / count
            if !range.isEmpty { body(thread, range) }
        }
    }

    /// Calls `body` once for each item of 0..<items; a thread takes the next one when it has finished one.
    package func share(_ items: Int, _ body: (_ thread: Int, _ item: Int) -> Void) {
        guard count > 1, items > 1 else { return (0..<items).forEach { body(0, $0) } }
        let next = Atomic(0)
        run { thread in
            while true {
                let item = next.add(1, ordering: .relaxed).oldValue
                guard item < items else { return }
                body(thread, item)
            }
        }
    }
}
