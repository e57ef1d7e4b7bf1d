import Foundation
import Logging
import Synchronization
import T2Core
import T2Transport

/// The worker's log. Messages are constant and data is in metadata with fixed keys; the last lines are kept for error reports.
package final class WorkerLog: Sendable {
    /// The number of lines kept for an error report.
    private static let capacity = 20

    private let logger: Logger
    private let trace: WorkerTrace?
    private let lines = Mutex<[String]>([])

    /// - Parameters:
    ///   - logger: must already carry the metadata key `worker`.
    ///   - trace: also keeps the last lines.
    package init(_ logger: Logger, trace: WorkerTrace? = nil) {
        self.logger = logger
        self.trace = trace
    }

    /// The last lines, oldest first.
    var recentLines: [String] { lines.withLock(\.self) }

    package func write(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata = [:]) {
        logger.log(level: level, message, metadata: metadata)
        guard level >= .info else { return }
        let data = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let line = "\(Date.now.ISO8601Format()) \(level) \(message)\(data)"
        lines.withLock { $0 = $0.suffix(Self.capacity - 1) + [line] }
        trace?.note(log: recentLines)
    }

    func write(_ report: WorkerNotice) {
        switch report {
        case .connected: write(.info, "connected to the coordinator")
        case .connectionLost: write(.warning, "lost the connection to the coordinator; trying again")
        case .connectionFailed(let reason):
            write(.warning, "cannot reach the coordinator; trying again", ["reason": "\(reason)"])
        case .welcomed(let epoch, let runs):
            write(.info, "joined", ["epoch": "\(epoch)", "runs": "\(runs.joined(separator: ", "))"])
        case .epochChanged(let dropped):
            write(.warning, "the coordinator was restarted; dropped its old leases", ["leases": "\(dropped)"])
        case .waiting(let what, let time):
            let seconds = time.formatted(.units(allowed: [.seconds]))
            write(.warning, "still waiting", ["for": "\(what)", "since": "\(seconds)"])
        case .leased(let lease):
            write(
                .debug, lease.tokens == nil ? "leased" : "leased to check",
                metadata(lease.unit, lease.attempt, ["sequences": "\(lease.work.sequences.count)"]))
        case .cancelled(let unit, let reason):
            write(.info, "unit cancelled by the coordinator", metadata(unit, nil, ["reason": "\(reason)"]))
        case .acknowledged(let answer):
            let isGood = [.accepted, .duplicate, .held].contains(answer.verdict)
            write(
                isGood ? .debug : .warning, "result judged by the coordinator",
                metadata(
                    answer.unit, answer.attempt,
                    ["verdict": "\(answer.verdict.rawValue)", "reason": "\(answer.reason)"]))
        case .failed(let failure):
            write(
                .error, "unit failed",
                failure.unit.map {
                    metadata(
                        $0, failure.attempt,
                        ["category": "\(failure.category.rawValue)", "error": "\(failure.message)"])
                } ?? [:])
        case .coordinatorError(let failure):
            write(
                .warning, "error from the coordinator",
                ["category": "\(failure.category.rawValue)", "error": "\(failure.message)"])
        case .malformed(let problem): write(.warning, "malformed message from the coordinator", ["error": "\(problem)"])
        case .ignored(let message, let reason):
            write(.warning, "message ignored", ["message": "\(message)", "reason": "\(reason)"])
        case .draining(let reason):
            write(.info, "the coordinator asked this worker to leave", ["reason": "\(reason)"])
        }
    }

    private func metadata(_ unit: UnitKey, _ attempt: Int?, _ more: Logger.Metadata) -> Logger.Metadata {
        var metadata = more
        metadata["run"] = "\(unit.run)"
        metadata["step"] = "\(unit.step)"
        metadata["unit"] = "\(unit.phase.rawValue)/\(unit.index)"
        metadata["attempt"] = attempt.map { "\($0)" }
        return metadata
    }
}
