import Foundation
import T2Coordinator
import T2Core
import T2Formats
import T2Learning
import T2Transport
import Testing

@Suite("Numbers that are not finite stop the run, and the unit is saved to be computed again")
struct EvidenceTests {
    /// The lease and the answer that a folder holds.
    static func saved(_ evidence: String) throws -> (lease: Lease, answer: Message) {
        let lease = try JSONDecoder().decode(
            Lease.self, from: Data(contentsOf: URL(fileURLWithPath: evidence + "/lease.json")))
        let frame = try Data(contentsOf: URL(fileURLWithPath: evidence + "/answer.frame"))
        #expect(
            try ExpertFile(path: evidence + "/policy-0.safetensors").policy.digest == lease.work.policies[0])
        return (lease, try MessageCodec().decode(frame))
    }

    static func error(
        _ folder: TestRun.Folder, _ behaviour: ArithmeticWorker.Behaviour,
        configuration: RunConfiguration = TestRun.configuration()
    ) async throws -> CoordinatorError? {
        let network = InMemoryNetwork()
        let (coordinator, journal) = try await TestRun.coordinator(folder, network, configuration: configuration)
        let worker = try await ArithmeticWorker("ann", on: network, behaviour: behaviour)
        let error = await #expect(throws: CoordinatorError.self) {
            _ = try await CoordinatorTests.run(coordinator, [worker])
        }
        try journal.close()
        #expect(error?.exitStatus == .data)
        return error
    }

    @Test("in a result: with the result as it came")
    func result() async throws {
        let folder = try TestRun.Folder()
        let error = try await Self.error(
            folder, .spoiling { if $0.unit.step == 1 { $0.output.gradient?[2] = .nan } })
        guard case .nonFinite(let unit, _, let evidence?, "/models/small") = error else {
            Issue.record("expected the error to name the unit, found \(String(describing: error))")
            return
        }
        #expect(unit.step == 1)
        #expect(evidence == "\(folder.run)/evidence/step-000001-train-\(unit.index)/attempt-1")
        #expect(error?.description.contains("t2 replay \(evidence) --model /models/small") == true)
        #expect(error?.description.contains("start a new run with a lower learning-rate") == true)
        let (lease, answer) = try Self.saved(evidence)
        #expect(lease.unit == unit)
        guard case .result(let result) = answer else {
            Issue.record("expected a result")
            return
        }
        #expect(result.output.gradient?[2].isNaN == true)
        #expect(CheckpointShelf(folder: folder.run + "/checkpoints").latest().checkpoint?.step == 1)
    }

    @Test("in a worker's report: with the completions that it carries")
    func report() async throws {
        let folder = try TestRun.Folder()
        let error = try await Self.error(folder, .overflowing)
        guard case .nonFinite(_, _, let evidence?, _) = error else {
            Issue.record("expected the error to name the unit, found \(String(describing: error))")
            return
        }
        let (lease, answer) = try Self.saved(evidence)
        guard case .error(let report) = answer else {
            Issue.record("expected a report")
            return
        }
        #expect(report.completions == ArithmeticWorker.compute(lease, [TestRun.start]).output.completions)
        #expect(!report.completions.isEmpty)
        #expect(
            try String(contentsOfFile: evidence + "/worker.log", encoding: .utf8) == "multiplied\noverflowed\n")
    }

    @Test("in the update of finite units: with the accepted result of the largest gradient", arguments: [false, true])
    func update(afterResume: Bool) async throws {
        var configuration = TestRun.configuration()
        configuration.learningRate = 3e38
        configuration.weightDecay = 10
        let folder = try TestRun.Folder()
        var error = try await Self.error(folder, .honest, configuration: configuration)
        if afterResume {
            // All units are accepted already: nothing is computed, and what is saved comes from the database alone.
            let (coordinator, journal) = try await TestRun.coordinator(
                folder, InMemoryNetwork(), resume: true, configuration: configuration)
            error = await #expect(throws: CoordinatorError.self) { _ = try await coordinator.run() }
            try journal.close()
        }
        guard case .nonFiniteUpdate(let unit, let cause, let evidence?, _) = error else {
            Issue.record("expected the update to fail, found \(String(describing: error))")
            return
        }
        #expect(cause.description.contains("p after step 0"))
        let (lease, answer) = try Self.saved(evidence)
        #expect(lease.unit == unit)
        guard case .result(var result) = answer else {
            Issue.record("expected a result")
            return
        }
        result.epoch = lease.epoch
        #expect(result == ArithmeticWorker.compute(lease, [TestRun.start]))
        #expect(CheckpointShelf(folder: folder.run + "/checkpoints").steps() == [0])
    }
}
