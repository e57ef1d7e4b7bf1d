import Foundation
import T2Coordinator
import T2Core
import T2TestSupport
import T2Monitor
import Testing

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
        status.quietSeconds = .infinity
        let data = try JSONEncoder.snakeCase.encode(status)
        #expect(try JSONDecoder.snakeCase.decode(StatusReport.self, from: data) == status)
        #expect(String(decoding: data, as: UTF8.self).contains(#""my_run":{"outcomes":{"no-answer":3}"#))
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

    @Test("is a worker, beside those that were refused and why")
    func refused() {
        var status = SampleStatus.status
        let reason = "task 'sums' has version 2 on the worker and 1 at the coordinator"
        status.refusals = [SampleStatus.decoded(#"{"worker": "ann", "reason": "\#(reason)"}"#)]
        let wait = WaitReport(status).waits.last
        #expect(wait?.what == "a worker for 2 units")
        #expect(wait?.verdict.hasSuffix("worker 'ann' was refused: \(reason)") == true)
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
    static let status: StatusReport = decoded(
        """
        {"program": "t2-coord", "process": 1, "up_seconds": 10, "endpoint": "tcp://127.0.0.1:5555", "is_paused": false,
         "is_stopping": false, "workers": [], "refusals": [], "leases": [], "quiet_seconds": 4, "lanes": 2, "lanes_busy": 1,
         "counts": {"runs": {"my_run": {"units": 1, "tokens": 2, "outcomes": {"no-answer": 3}}}, "leases": 4,
                    "workers_joined": 1, "malformed_messages": 0, "failures": {"expired": 1}},
         "runs": [{"name": "r", "state": "collecting", "step": 2, "steps": 5,
                   "round": {"name": "r", "step": 2, "phase": "train", "units": 4, "units_accepted": 1, "units_leased": 1,
                             "units_pending": 2, "completions": 8, "completions_total": 32, "tokens": 90}}]}
        """)

    static func worker(_ name: String) -> DispatcherSnapshot.Worker {
        var worker: DispatcherSnapshot.Worker = decoded(
            """
            {"name": "", "state": "working", "lanes": 2, "lanes_busy": 1, "leases": 1, "joined_seconds": 100,
             "last_heard_seconds": 3, "machine": "abacus", "units": 5, "tokens": 50, "tokens_per_second": 2}
            """)
        worker.name = name
        return worker
    }

    static func lease(_ worker: String, _ state: DispatcherSnapshot.Lease.State) -> DispatcherSnapshot.Lease {
        decoded(
            """
            {"run": "r", "step": 2, "phase": "train", "unit": 3, "attempt": 1, "worker": "\(worker)", "state":
             "\(state.rawValue)", "tokens": 7, "since_seconds": 90, "last_token_seconds": 61, "expires_in_seconds": 30,
             "usual_seconds": 20}
            """)
    }

    static func decoded<Value: Decodable>(_ text: String) -> Value {
        do {
            return try JSONDecoder.snakeCase.decode(Value.self, from: Data(text.utf8))
        } catch {
            fatalError("\(error)")
        }
    }
}
