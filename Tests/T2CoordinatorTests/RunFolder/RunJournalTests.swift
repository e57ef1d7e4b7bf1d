import Foundation
import T2Coordinator
import T2Core
import T2Formats
import T2Jobs
import T2Learning
import T2Transport
import Testing

@Suite("The journal of a job", .timeLimit(.minutes(20)))
struct RunJournalTests {
    /// The base model and two experts take turns.
    private struct Alternating: PolicyAssigner {
        var parts: [(name: String, value: any Encodable & Sendable)] { [("strategy", "alternating")] }

        func nextRound(_: [Problem], _: AssignmentContext) -> Round? { nil }

        func take(_: RoundResults) -> [FewShotSearch.Iteration] { [] }

        func assignment(_ prompts: [Problem], _: AssignmentContext) -> PolicyAssignment {
            let entries = SampleJobs.entries.prefix(2)
            let names: [String?] = [nil] + entries.map(\.name)
            return PolicyAssignment(
                prompts.indices.map { Dispatch(category: "c", expert: names[$0 % 3]) },
                experts: Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.expert.policy) }))
        }
    }

    /// Runs a job in a folder with one worker.
    private static func run<J: Job>(
        _ job: J, _ path: String, resume: Bool = false, _ behaviour: ArithmeticWorker.Behaviour = .honest
    ) async throws -> (ended: DispatcherTests.Ended<J>, acknowledged: [Acknowledgement]) {
        let network = InMemoryNetwork()
        let dispatcher = DispatcherTests.dispatcher(await network.listen())
        let worker = try await ArithmeticWorker("ann", on: network, behaviour: behaviour)
        let journal = try DispatcherTests.journal(job, path, resume: resume)
        let ended = try await DispatcherTests.serve(dispatcher, [worker]) {
            await DispatcherTests.run(job, journal, dispatcher)
        }
        try journal.close()
        return (ended, await worker.acknowledgements)
    }

    @Test("gives back on disk what it gives back in memory, and computes nothing twice")
    func onDisk() async throws {
        let folder = try TestRun.Folder()
        let job = SampleJobs.evaluation()
        let expected = try await DispatcherTests.alone(job).records()
        let first = try await Self.run(job, folder.run)
        #expect(try first.ended.finished?.records() == expected)
        #expect(first.acknowledged.map(\.verdict) == [.accepted, .accepted, .accepted, .accepted])
        let again = try await Self.run(job, folder.run, resume: true)
        #expect(try again.ended.finished?.records() == expected)
        #expect(again.acknowledged.isEmpty)
    }

    @Test("asks again for the units whose rewards were missing, and for no others")
    func missingRewards() async throws {
        let folder = try TestRun.Folder()
        let job = SampleJobs.evaluation()
        let first = try await Self.run(job, folder.run, .withholding(where: { $0.unit.index == 2 }))
        let reported = try #require(try first.ended.finished?.records())
        #expect(reported.enumerated().filter { $0.element.reward.missingReason != nil }.map(\.offset) == [64])
        let again = try await Self.run(job, folder.run, resume: true)
        #expect(again.acknowledged.map(\.unit.index) == [2])
        #expect(try await again.ended.finished?.records() == DispatcherTests.alone(job).records())
        let store = try RunStore(path: folder.run + "/run.sqlite")
        #expect(try store.units(step: 0).first { $0.unit == 2 }?.failures.isEmpty == true)
        try store.close()
    }

    @Test("keeps every policy of a unit that failed, and its lease, so that it can be computed again")
    func evidence() async throws {
        let folder = try TestRun.Folder()
        let job = SampleJobs.evaluation("eval", Alternating())
        let run = try await Self.run(job, folder.run, .failing(category: .engine, where: { $0.unit.index == 1 }))
        guard case .poisoned(let unit, let failures, let evidence?)? = run.ended.error as? CoordinatorError else {
            Issue.record("expected poison, found \(String(describing: run.ended.error))")
            return
        }
        #expect(unit.index == 1 && failures.count == 6)
        for attempt in 1...6 {
            let path = "\(evidence)/attempt-\(attempt)"
            let lease = try JSONDecoder().decode(
                Lease.self, from: Data(contentsOf: URL(fileURLWithPath: path + "/lease.json")))
            #expect(lease.unit == unit && lease.attempt == attempt && lease.work.policies.count == 3)
            for (index, digest) in lease.work.policies.enumerated() {
                let file = "\(path)/policy-\(index).safetensors"
                guard digest != Policy.baseDigest else {
                    #expect(!FileManager.default.fileExists(atPath: file), "the base model is at hand")
                    continue
                }
                #expect(try ExpertFile(path: file).policy.digest == digest)
            }
        }
    }

    @Test("refuses a folder of another kind of job by name, with the command that goes on with it")
    func otherKind() throws {
        let folder = try TestRun.Folder()
        try DispatcherTests.journal(SampleJobs.evaluation(), folder.run).close()
        let search = #expect(throws: InputError.self) {
            _ = try DispatcherTests.journal(try SampleJobs.search(), folder.run, resume: true)
        }
        #expect(search?.description.contains("\(folder.run): holds an evaluation, not a search") == true)
        #expect(search?.description.contains("t2-coord eval --resume") == true)
        #expect(search?.exitStatus == .configuration)
        // The folder is free again.
        let training = #expect(throws: InputError.self) {
            _ = try DispatcherTests.journal(try SampleJobs.training(), folder.run, resume: true)
        }
        #expect(training?.description.contains("holds an evaluation, not a training run") == true)
    }

    @Test("refuses a folder whose job was started with something else, naming it")
    func otherInputs() throws {
        let folder = try TestRun.Folder()
        try DispatcherTests.journal(SampleJobs.evaluation(), folder.run).close()
        let error = #expect(throws: InputError.self) {
            _ = try DispatcherTests.journal(
                SampleJobs.evaluation(problems: 99, seed: 2), folder.run, resume: true)
        }
        #expect(error?.description.contains("an evaluation that was started with other problems, other seed") == true)
        #expect(error?.exitStatus == .configuration)
        try DispatcherTests.journal(SampleJobs.evaluation(), folder.run, resume: true).close()
    }
}
