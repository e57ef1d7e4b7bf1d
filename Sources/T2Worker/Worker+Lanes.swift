import Foundation
import T2Core
import T2Numerics
import T2Transport

/// The worker's threads.
extension Worker {
    /// The kernels need little; a thread's default differs between systems.
    private static let laneStackBytes = 8 << 20
    /// Lines of the log that go with an error.
    private static let reportedLogLines = 20

    /// Lanes are threads of their own: computing for seconds would starve Swift's cooperative pool. Each uses BLAS alone.
    nonisolated func startLanes() {
        MatrixMultiply.useThreads(1)
        for number in 0..<lanes {
            let thread = Thread { self.serve() }
            thread.name = "t2-lane-\(number)"
            thread.stackSize = Self.laneStackBytes
            thread.start()
        }
    }

    /// The life of a lane: one unit after another. A unit that fails costs itself alone.
    private nonisolated func serve() {
        let lane = Lane(models.base, tokenizer: tokenizer)
        while let work = queue.take() {
            do {
                post.yield(.computed(try compute(work, on: lane)))
            } catch UnitError.cancelled {
                continue
            } catch {
                post.yield(
                    .failed(
                        ErrorReport(
                            unit: work.lease.unit, attempt: work.lease.attempt, category: UnitError.category(of: error),
                            message: "\(error)", logLines: log.recentLines(Self.reportedLogLines))))
            }
        }
    }
}
