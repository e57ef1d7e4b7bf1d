import Foundation
import T2Coordinator
import T2Core
import T2Jobs
import T2TestSupport
import T2Transport
import Testing

@Suite("An operator of a dispatcher", .timeLimit(.minutes(20)))
struct DispatcherControlTests {
    /// Waits until the snapshot is as wanted.
    private func wait(
        _ dispatcher: Dispatcher, _ isReached: @Sendable (DispatcherSnapshot) -> Bool
    ) async throws -> DispatcherSnapshot {
        while true {
            let snapshot = await dispatcher.snapshot()
            if isReached(snapshot) { return snapshot }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test("sees what was computed, drains a worker that then leaves, and another worker finishes the job")
    func drain() async throws {
        let network = InMemoryNetwork()
        let dispatcher = DispatcherTests.dispatcher(await network.listen())
        let job = SampleJobs.evaluation(problems: 400)
        let journal = try DispatcherTests.journal(job)
        let (ann, bob) = (
            try await ArithmeticWorker("ann", on: network), try await ArithmeticWorker("bob", on: network)
        )
        try await dispatcher.setPaused(true)
        let ended = try await DispatcherTests.serve(dispatcher, [ann]) {
            async let ended = DispatcherTests.run(job, journal, dispatcher)
            let paused = try await wait(dispatcher) { !$0.workers.isEmpty && !$0.runs.isEmpty }
            #expect(paused.isPaused && paused.leases.isEmpty && paused.counts.leases == 0)
            #expect(paused.workers.map(\.name) == ["ann"] && paused.workers[0].machine == "abacus")
            #expect(paused.runs[0].unitsPending == paused.runs[0].units)
            #expect(try await dispatcher.drain("nobody") == .unknown(present: ["ann"]))
            #expect(try await dispatcher.drain("ann") == .draining(leases: 0))
            _ = try await wait(dispatcher) { $0.workers.isEmpty }
            try await dispatcher.setPaused(false)
            let other = Task { try await bob.run() }
            let result = await ended
            let done = await dispatcher.snapshot()
            #expect(done.counts.workersJoined == 2)
            #expect(done.counts.runs["eval"]?.outcomes.values.reduce(0, +) == 400)
            #expect(done.workers.map(\.name) == ["bob"] && done.workers[0].tokensPerSecond > 0)
            other.cancel()
            return result
        }
        let alone = try await DispatcherTests.alone(job).records()
        #expect(try ended.finished?.records() == alone)
    }
}
