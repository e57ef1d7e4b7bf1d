import Foundation
import T2Core
import T2Numerics
import T2Transport

/// The worker's threads.
extension Worker {
    /// Lines of the log that go with an error.
    private static let reportedLogLines = 20

    /// Each lane uses BLAS alone.
    nonisolated func startLanes() {
        MatrixMultiply.useThreads(1)
        for number in 0..<lanes {
            LaneThread.start(number) { self.serve() }
        }
    }

    /// The life of a lane: one unit after another. A unit that fails costs itself alone.
    private nonisolated func serve() {
        let lane = Lane(models, tokenizer: tokenizer)
        while let work = queue.take() {
            do {
                post.yield(.computed(try compute(work, on: lane)))
            } catch UnitError.cancelled {
                continue
            } catch let failure as RolloutFailure {
                report(failure.cause, of: work.lease, rollouts: failure.rollouts)
            } catch {
                report(error, of: work.lease)
            }
        }
    }

    private nonisolated func report(_ error: any Error, of lease: Lease, rollouts: [RolloutReport] = []) {
        let report = ErrorReport(
            unit: lease.unit, attempt: lease.attempt, category: UnitError.category(of: error), message: "\(error)",
            logLines: log.recentLines(Self.reportedLogLines), rollouts: rollouts)
        post.yield(.failed(report))
    }
}
