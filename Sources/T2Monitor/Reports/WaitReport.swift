import Foundation
import T2Coordinator
import T2Core

/// What `/api/why` answers: what is awaited, from whom and since when. The longest wait comes first.
package struct WaitReport: Sendable, Equatable, Codable {
    package struct Wait: Sendable, Equatable, Codable {
        package var run: String
        /// What is awaited, for example `unit train/3 of step 12`.
        package var what: String
        package var worker: String?
        package var sinceSeconds: Double?
        package var tokens: Int?
        /// One sentence about how the wait stands.
        package var verdict: String
    }

    /// One sentence about the whole.
    package var summary: String
    package var waits: [Wait]

    package init(_ status: StatusReport) {
        waits = []
        for run in status.runs where run.state != .finished { waits += Self.waits(of: run, status) }
        let open = status.runs.compactMap(\.round).reduce(0) { $0 + $1.units - $1.unitsAccepted }
        let quiet = "nothing was accepted for \(Self.text(status.quietSeconds))"
        summary =
            if status.isStopping {
                "the coordinator is stopping and waits for its workers to leave"
            } else if status.isPaused {
                "an operator paused the coordinator: \(status.leases.count) leases finish, and none are granted. "
                    + "Continue with: t2-coord resume"
            } else if status.workers.isEmpty {
                "\(quiet); no worker is here, and \(open) units wait. Start one with: t2-worker join \(status.endpoint)"
            } else if open == 0 {
                "no unit is awaited"
            } else {
                "\(quiet); \(open) units are open, \(status.leases.count) leases are with \(status.workers.count) workers"
            }
    }

    private static func waits(of run: StatusReport.Run, _ status: StatusReport) -> [Wait] {
        guard let round = run.round else {
            return [
                Wait(
                    run: run.name, what: "the coordinator itself", sinceSeconds: nil,
                    verdict: "it updates the policy, writes files, or prepares the next round")
            ]
        }
        let ages = Dictionary(status.workers.map { ($0.name, $0.lastHeardSeconds) }) { $1 }
        var waits = status.leases.filter { $0.run == run.name }.sorted { $0.sinceSeconds > $1.sinceSeconds }.map {
            Wait(
                run: run.name, what: "unit \($0.phase.rawValue)/\($0.unit) of step \($0.step)", worker: $0.worker,
                sinceSeconds: $0.sinceSeconds, tokens: $0.tokens,
                verdict: verdict(of: $0, lastHeard: ages[$0.worker] ?? 0))
        }
        if round.unitsPending > 0 {
            let reason =
                status.isPaused
                ? "the coordinator is paused"
                : status.workers.isEmpty
                    ? "no worker is here"
                    : status.lanesBusy < status.lanes
                        ? "workers with free lanes drain, are silent, are set aside, or failed these units"
                        : "all \(status.lanes) lanes are busy"
            let refusals = status.refusals.map { "; worker '\($0.worker)' was refused: \($0.reason)" }.joined()
            waits.append(
                Wait(run: run.name, what: "a worker for \(round.unitsPending) units", verdict: reason + refusals))
        }
        return waits
    }

    private static func verdict(of lease: DispatcherSnapshot.Lease, lastHeard: Double) -> String {
        let usual = lease.usualSeconds.map { ", usually \(text($0))" } ?? ""
        let again = lease.attempt > 1 ? " This is attempt \(lease.attempt)." : ""
        return switch lease.state {
        case .queued: "it waits for a lane of its worker." + again
        case .starting: "no token yet: the worker reads the prompts, or decomposes the model at its first unit." + again
        case .computing:
            "it is computed: \(lease.tokens) tokens, the last \(text(lease.lastTokenSeconds)) ago\(usual)." + again
        case .slow:
            "slow but healthy: \(lease.tokens) tokens, the last \(text(lease.lastTokenSeconds)) ago\(usual). An idle worker "
                + "gets another copy." + again
        case .stuck:
            "stuck: no token since \(text(lease.lastTokenSeconds)), after \(lease.tokens). The lease expires in "
                + "\(text(lease.expiresInSeconds)) and the unit goes to another worker." + again
        case .silent:
            "its worker was last heard \(text(lastHeard)) ago; at 15 s it counts as dead and its units go to others."
                + again
        }
    }

    private static func text(_ seconds: Double) -> String { Duration.seconds(max(0, seconds)).text }
}
