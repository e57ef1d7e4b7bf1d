import Foundation
import T2Core
import T2TestSupport
import Testing

@testable import T2Coordinator
@testable import T2Monitor

@Suite("The metrics")
struct MetricTests {
    @Test("are those of the README's table, which names each with its kind, unit and formula")
    func table() throws {
        let text = try String(contentsOfFile: Repository.path + "/Sources/T2Monitor/README.md", encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `t2_") }.map(String.init)
        #expect(rows == Metric.table)
    }

    @Test("of a hostile name stay one line with one label")
    func escaping() async throws {
        let hostile = "a\"} 1\nt2_up_seconds 9\r\n\\"
        var status = SampleStatus.status
        status.workers = [SampleStatus.worker(hostile)]
        let text = Metric.text(status)
        let lines = text.split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("t2_up_seconds ") } == 1)
        #expect(lines.contains(#"t2_worker_lanes{worker="a\"} 1\nt2_up_seconds 9\n\\"} 2.0"#))
        #expect(lines.allSatisfy { $0.hasPrefix("# ") || $0.wholeMatch(of: /t2_[a-z_]+(\{.*\})? \S+/) != nil })
    }

    @Test("and the status come back from JSON as they were, whatever the names")
    func json() throws {
        var status = SampleStatus.status
        status.workers = [SampleStatus.worker("snake_case \"</script>")]
        status.counts.runs["my_run"] = DispatcherCounts.Run()
        status.quietSeconds = .infinity
        let data = try JSONEncoder.snakeCase.encode(status)
        #expect(try JSONDecoder.snakeCase.decode(StatusReport.self, from: data) == status)
    }
}

@Suite("What is awaited")
struct WaitReportTests {
    @Test(
        "is told with its worker and how it stands",
        arguments: [
            (DispatcherSnapshot.Lease.State.slow, "slow but healthy: 7 tokens"), (.stuck, "stuck: no token since"),
            (.queued, "waits for a lane"), (.silent, "last heard 3.0 s ago"),
        ])
    func lease(state: DispatcherSnapshot.Lease.State, words: String) {
        var status = SampleStatus.status
        status.workers = [SampleStatus.worker("ann")]
        status.leases = [SampleStatus.lease("ann", state)]
        let wait = WaitReport(status).waits.first
        #expect(wait?.worker == "ann" && wait?.what == "unit train/3 of step 2" && wait?.sinceSeconds == 90)
        #expect(wait?.verdict.contains(words) == true, "\(wait?.verdict ?? "")")
    }

    @Test("is a worker if none is here, and an operator if one paused")
    func nobody() {
        var status = SampleStatus.status
        #expect(WaitReport(status).summary.contains("t2-worker join tcp://127.0.0.1:5555"))
        status.isPaused = true
        #expect(WaitReport(status).summary.contains("t2-coord resume"))
    }
}

enum SampleStatus {
    static let status = StatusReport(
        program: "t2-coord", process: 1, upSeconds: 10, endpoint: "tcp://127.0.0.1:5555", isPaused: false,
        isStopping: false,
        runs: [
            StatusReport.Run(
                name: "r", folder: nil, state: .collecting, step: 2, steps: 5,
                round: DispatcherSnapshot.Run(
                    name: "r", step: 2, phase: .train, units: 4, unitsAccepted: 1, unitsLeased: 1, unitsPending: 2,
                    completions: 8, completionsTotal: 32, tokens: 90))
        ], workers: [], leases: [], quietSeconds: 4, lanes: 2, lanesBusy: 1, counts: DispatcherCounts())

    static func worker(_ name: String) -> DispatcherSnapshot.Worker {
        DispatcherSnapshot.Worker(
            name: name, state: .working, lanes: 2, lanesBusy: 1, leases: 1, joinedSeconds: 100, lastHeardSeconds: 3,
            machine: "abacus", units: 5, tokens: 50, tokensPerSecond: 2)
    }

    static func lease(_ worker: String, _ state: DispatcherSnapshot.Lease.State) -> DispatcherSnapshot.Lease {
        DispatcherSnapshot.Lease(
            run: "r", step: 2, phase: .train, unit: 3, attempt: 1, worker: worker, state: state, tokens: 7,
            sinceSeconds: 90, lastTokenSeconds: 61, expiresInSeconds: 30, usualSeconds: 20)
    }
}
