import Foundation
import T2Core
import T2Engine
import T2Numerics
import T2Transport

/// The worker's threads.
extension Worker {
    /// Starts the lanes. Each calls BLAS single-threaded.
    nonisolated func startLanes() {
        MatrixMultiply.useThreads(1)
        for number in 0..<lanes { LaneThread.start(number) { self.serve() } }
    }

    /// Computes one unit after another. A failed unit does not affect the others.
    private nonisolated func serve() {
        // Without a thread more, the lane is slower, and computes the same.
        let lane = (try? Lane(computer.adapters.base, threads: threads)) ?? Lane(computer.adapters.base)
        while let work = queue.take() {
            let lease = work.lease
            do {
                let output = try compute(work, on: lane)
                post.yield(
                    .computed(UnitResult(unit: lease.unit, attempt: lease.attempt, epoch: lease.epoch, output: output)))
            } catch UnitError.cancelled {
                continue
            } catch let failure as CompletionFailure {
                report(failure.cause, of: lease, completions: failure.completions)
            } catch {
                report(error, of: lease)
            }
        }
    }

    private nonisolated func compute(_ work: UnitWork, on lane: Lane) throws -> UnitOutput {
        let progress = ProgressMeter(interval: progressInterval) { [post, lease = work.lease] in
            post.yield(.progressed(lease.unit, attempt: lease.attempt, tokens: $0))
        }
        return try computer.run(work.lease.work, work.policies, on: lane, checking: work.lease.tokens) { tokens in
            progress.advance(tokens: tokens)
            return !work.isCancelled
        }
    }

    private nonisolated func report(_ error: any Error, of lease: Lease, completions: [Completion] = []) {
        let report = ErrorReport(
            unit: lease.unit, attempt: lease.attempt, category: UnitError.category(of: error), message: "\(error)",
            logLines: log.recentLines, completions: completions)
        post.yield(.failed(report))
    }
}
