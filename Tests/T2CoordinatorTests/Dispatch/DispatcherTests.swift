import Foundation
import Logging
import T2Coordinator
import T2Core
import T2Jobs
import T2Learning
import T2Transport
import Testing

@Suite("A dispatcher", .timeLimit(.minutes(20)))
struct DispatcherTests {
    /// What a job ended with.
    enum Ended<J: Job>: Sendable {
        case ended(JobEnding<J>)
        case failed(any Error)

        var finished: J? {
            if case .ended(.finished(let job)) = self { job } else { nil }
        }

        var isStopped: Bool {
            if case .ended(.stopped) = self { true } else { false }
        }

        var error: (any Error)? {
            if case .failed(let error) = self { error } else { nil }
        }
    }

    static func dispatcher(
        _ transport: any CoordinatorTransport, missingAttempts: Int = 3
    ) -> Dispatcher {
        var limits = Dispatcher.Limits()
        limits.missingAttempts = missingAttempts
        return Dispatcher(
            model: TestRun.model, transport: transport, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            limits: limits)
    }

    static func journal<J: Job>(_ job: J, _ path: String? = nil, resume: Bool = false) throws -> RunJournal {
        try RunJournal(job, folder: try path.map { try RunFolder(path: $0, resume: resume) })
    }

    static func run<J: Job>(_ job: J, _ journal: RunJournal, _ dispatcher: Dispatcher) async -> Ended<J> {
        do {
            return .ended(try await JobRun<J>(journal, dispatcher).run(job) { _, _, _ in })
        } catch {
            return .failed(error)
        }
    }

    /// Serves while `body` runs jobs, with workers that work until they are sent home or cancelled.
    static func serve<Result: Sendable>(
        _ dispatcher: Dispatcher, _ workers: [ArithmeticWorker],
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { try await worker.run() } }
            defer { group.cancelAll() }
            return try await dispatcher.serve(body)
        }
    }

    /// A job that has the dispatcher for itself, and one worker.
    static func alone<J: Job>(_ job: J) async throws -> J {
        let network = InMemoryNetwork()
        let dispatcher = dispatcher(await network.listen())
        let worker = try await ArithmeticWorker("ann", on: network)
        let journal = try journal(job)
        let ended = try await serve(dispatcher, [worker]) { await run(job, journal, dispatcher) }
        return try #require(ended.finished)
    }

    @Test("serves three kinds of job at a time, each with the results that it has alone", arguments: [1, 3])
    func severalJobs(workers: Int) async throws {
        let (training, evaluation, search) = (
            try SampleJobs.training(), SampleJobs.evaluation(), try SampleJobs.search()
        )
        let network = InMemoryNetwork()
        let dispatcher = Self.dispatcher(await network.listen())
        var all: [ArithmeticWorker] = []
        for number in 0..<workers { all.append(try await ArithmeticWorker("w\(number)", on: network)) }
        let (a, b, c) = try await Self.serve(dispatcher, all) {
            async let a = Self.run(training, try Self.journal(training), dispatcher)
            async let b = Self.run(evaluation, try Self.journal(evaluation), dispatcher)
            async let c = Self.run(search, try Self.journal(search), dispatcher)
            return try await (a, b, c)
        }
        let alone = try await (Self.alone(training), Self.alone(evaluation), Self.alone(search))
        #expect(a.finished?.checkpoint == alone.0.checkpoint)
        #expect(try b.finished?.records() == alone.1.records())
        #expect(try alone.1.records().count == 100)
        #expect(try c.finished?.result().mixture == alone.2.result().mixture)
        #expect(try c.finished?.result().solution.iterations == alone.2.result().solution.iterations)
    }

    @Test(
        "ends the job of a unit that fails again and again, even if its evidence cannot be saved; the other job finishes",
        arguments: [true, false])
    func poisonedUnit(evidenceCanBeSaved: Bool) async throws {
        let folder = try TestRun.Folder()
        let (good, bad) = (SampleJobs.evaluation("good"), SampleJobs.evaluation("bad"))
        let network = InMemoryNetwork()
        let dispatcher = Self.dispatcher(await network.listen())
        let worker = try await ArithmeticWorker(
            "ann", on: network,
            behaviour: .failing(category: .engine, where: { $0.unit.run == "bad" && $0.unit.index == 1 }))
        let journal = try Self.journal(bad, folder.run)
        if !evidenceCanBeSaved { try Data().write(to: URL(filePath: folder.run + "/evidence")) }
        let (a, b) = try await Self.serve(dispatcher, [worker]) {
            async let a = Self.run(good, try Self.journal(good), dispatcher)
            async let b = Self.run(bad, journal, dispatcher)
            return try await (a, b)
        }
        try journal.close()
        #expect(try await a.finished?.records() == Self.alone(good).records())
        guard case .poisoned(let unit, let failures, let evidence)? = b.error as? CoordinatorError else {
            Issue.record("expected poison, found \(String(describing: b.error))")
            return
        }
        #expect(unit.run == "bad" && unit.index == 1 && failures.count == 6 && (evidence != nil) == evidenceCanBeSaved)
    }

    @Test("asked to stop, ends every job and loses nothing that it acknowledged; resumed, they end as if never stopped")
    func stop() async throws {
        let folder = try TestRun.Folder()
        let (evaluation, search) = (SampleJobs.evaluation(problems: 300), try SampleJobs.search())
        let paths = (folder.path + "/eval", folder.path + "/search")
        let network = InMemoryNetwork()
        // Results arrive, and before they are committed the stop does.
        let transport = HeldTransport(await network.listen(), results: 2)
        let dispatcher = Self.dispatcher(transport)
        let workers = [
            try await ArithmeticWorker("ann", on: network), try await ArithmeticWorker("bob", on: network),
        ]
        let stopped = try await Self.serve(dispatcher, workers) {
            let journals = (try Self.journal(evaluation, paths.0), try Self.journal(search, paths.1))
            async let a = Self.run(evaluation, journals.0, dispatcher)
            async let b = Self.run(search, journals.1, dispatcher)
            await transport.handedOver()
            await dispatcher.stop()
            let ended = await (a.isStopped, b.isStopped)
            try journals.0.close()
            try journals.1.close()
            await transport.open()
            return ended
        }
        #expect(stopped == (true, true))
        var rows: Set<String> = []
        for (name, path) in [("eval", paths.0), ("search", paths.1)] {
            let store = try RunStore(path: path + "/run.sqlite")
            let units = try store.units(step: 0).filter(\.isAccepted)
            rows.formUnion(units.map { "\(name)/\($0.phase.rawValue)/\($0.unit)" })
            try store.close()
        }
        #expect(rows.count == 2, "both results were accepted before the stop")
        for worker in workers {
            for one in await worker.acknowledgements where one.verdict == .accepted {
                #expect(rows.contains("\(one.unit.run)/\(one.unit.phase.rawValue)/\(one.unit.index)"))
            }
        }
        let again = Self.dispatcher(await network.listen())
        let worker = try await ArithmeticWorker("eve", on: network)
        let (a, b) = try await Self.serve(again, [worker]) {
            async let a = Self.run(evaluation, try Self.journal(evaluation, paths.0, resume: true), again)
            async let b = Self.run(search, try Self.journal(search, paths.1, resume: true), again)
            return try await (a, b)
        }
        #expect(try await a.finished?.records() == Self.alone(evaluation).records())
        #expect(try await b.finished?.result().mixture == Self.alone(search).result().mixture)
        // The two units that were accepted before the stop are not computed again.
        let computed = await worker.acknowledgements.map(\.unit).filter { $0.step == 0 }
        #expect(
            !computed.isEmpty && rows.isDisjoint(with: computed.map { "\($0.run)/\($0.phase.rawValue)/\($0.index)" }))
    }

    @Test("commits what has arrived together, before it acknowledges any of it")
    func commitBeforeAcknowledgement() async throws {
        let folder = try TestRun.Folder()
        let job = SampleJobs.evaluation(problems: 128)
        let network = InMemoryNetwork()
        let transport = HeldTransport(await network.listen(), results: 2)
        let dispatcher = Self.dispatcher(transport)
        let check: @Sendable (Acknowledgement) throws -> Void = { acknowledgement in
            // A second connection sees committed rows only: what a kill would leave.
            let store = try RunStore(path: folder.run + "/run.sqlite", migrates: false)
            let accepted = try store.units(step: 0).filter(\.isAccepted).map(\.unit)
            #expect(accepted.contains(acknowledgement.unit.index), "\(acknowledgement)")
            // The two that arrived together are there together.
            #expect(accepted.count >= 2)
            try store.close()
        }
        let workers = [
            try await ArithmeticWorker("ann", on: network, onAcknowledgement: check),
            try await ArithmeticWorker("bob", on: network, onAcknowledgement: check),
        ]
        let ended = try await Self.serve(dispatcher, workers) {
            let journal = try Self.journal(job, folder.run)
            async let ended = Self.run(job, journal, dispatcher)
            await transport.handedOver()
            let early = await (workers[0].acknowledgements, workers[1].acknowledgements)
            #expect(early.0.isEmpty && early.1.isEmpty)
            await transport.open()
            let result = await ended
            try journal.close()
            return result
        }
        #expect(ended.finished != nil)
        // A unit that waited at one worker may have gone to the other one too.
        let verdicts = await workers[0].verdicts + workers[1].verdicts
        #expect(verdicts.count { $0 == .accepted } == 4 && verdicts.allSatisfy { $0 == .accepted || $0 == .duplicate })
    }

    @Test("acknowledges nothing as accepted that could not be stored")
    func failedCommit() async throws {
        let folder = try TestRun.Folder()
        let (job, other) = (SampleJobs.evaluation("eval", problems: 128), SampleJobs.evaluation("other", problems: 128))
        let network = InMemoryNetwork()
        let transport = HeldTransport(await network.listen(), results: 2)
        let dispatcher = Self.dispatcher(transport)
        let workers = [
            try await ArithmeticWorker("ann", on: network), try await ArithmeticWorker("bob", on: network),
        ]
        let (a, b) = try await Self.serve(dispatcher, workers) {
            let journal = try Self.journal(job, folder.run)
            async let a = Self.run(job, journal, dispatcher)
            await transport.handedOver()
            // No row can be written any more.
            try journal.close()
            async let b = Self.run(other, try Self.journal(other), dispatcher)
            await transport.open()
            return try await (a, b)
        }
        #expect(a.error is RunStoreError, "found \(String(describing: a.error))")
        #expect(b.finished != nil)
        for worker in workers {
            for one in await worker.acknowledgements where one.unit.run == "eval" {
                #expect(one.verdict == .stale, "\(one)")
            }
        }
    }

    @Test("says of a result that came twice that it is known only when it is durable")
    func duplicate() async throws {
        let folder = try TestRun.Folder()
        let job = SampleJobs.evaluation(problems: 128)
        let network = InMemoryNetwork()
        // The result and its repetition arrive together.
        let transport = HeldTransport(await network.listen(), results: 2)
        let dispatcher = Self.dispatcher(transport)
        let worker = try await ArithmeticWorker("ann", on: network, behaviour: .repeating) { acknowledgement in
            let store = try RunStore(path: folder.run + "/run.sqlite", migrates: false)
            let accepted = try store.units(step: 0).filter(\.isAccepted).map(\.unit)
            #expect(accepted.contains(acknowledgement.unit.index), "\(acknowledgement)")
            try store.close()
        }
        let journal = try Self.journal(job, folder.run)
        let ended = try await Self.serve(dispatcher, [worker]) {
            async let ended = Self.run(job, journal, dispatcher)
            await transport.handedOver()
            await transport.open()
            return await ended
        }
        try journal.close()
        #expect(ended.finished != nil)
        #expect(await worker.verdicts.contains(.duplicate))
    }

    @Test("takes a unit without rewards after enough attempts where the job reports them", arguments: [1, 3])
    func reportedMissing(attempts: Int) async throws {
        let job = SampleJobs.evaluation(problems: 70)
        let network = InMemoryNetwork()
        let dispatcher = Self.dispatcher(await network.listen(), missingAttempts: attempts)
        let worker = try await ArithmeticWorker(
            "ann", on: network, behaviour: .withholding(where: { $0.unit.index == 1 }))
        let journal = try Self.journal(job)
        let ended = try await Self.serve(dispatcher, [worker]) { await Self.run(job, journal, dispatcher) }
        let records = try #require(try ended.finished?.records())
        let missing = records.enumerated().filter { $0.element.reward.missingReason != nil }
        #expect(missing.map(\.offset) == [32] && missing.first?.element.reward == .missing(reason: "the sandbox broke"))
        let complete = try await Self.alone(job).records()
        for (index, record) in records.enumerated() where index != 32 { #expect(record == complete[index]) }
        let unit = try #require(try journal.store.units(step: 0).first { $0.unit == 1 })
        #expect(unit.failures.count == attempts - 1 && unit.isAccepted)
        try journal.close()
    }

    @Test("a reward that comes at a later attempt is taken, and nothing is missing")
    func lateReward() async throws {
        let job = SampleJobs.evaluation(problems: 70)
        let network = InMemoryNetwork()
        let dispatcher = Self.dispatcher(await network.listen())
        let worker = try await ArithmeticWorker("ann", on: network, behaviour: .withholding(where: { $0.attempt < 3 }))
        let journal = try Self.journal(job)
        let ended = try await Self.serve(dispatcher, [worker]) { await Self.run(job, journal, dispatcher) }
        #expect(try await ended.finished?.records() == Self.alone(job).records())
        try journal.close()
    }

    @Test(
        "a search never takes a missing reward for a wrong answer, not even as a part of an evaluation",
        arguments: [false, true])
    func missingInSearch(isPart: Bool) async throws {
        let network = InMemoryNetwork()
        let dispatcher = Self.dispatcher(await network.listen())
        let worker = try await ArithmeticWorker(
            "ann", on: network, behaviour: .withholding(where: { $0.unit.phase == .answers }))
        // A search that is a part of a job has the job's name.
        let search = try SampleJobs.search("eval")
        let error: (any Error)?
        if isPart {
            let job = SampleJobs.evaluation("eval", FewShotMixture(search), problems: 5)
            let journal = try Self.journal(job)
            error = try await Self.serve(dispatcher, [worker]) { await Self.run(job, journal, dispatcher) }.error
        } else {
            let journal = try Self.journal(search)
            error = try await Self.serve(dispatcher, [worker]) { await Self.run(search, journal, dispatcher) }.error
        }
        guard case .poisoned(let unit, let failures, _)? = error as? CoordinatorError else {
            Issue.record("expected the job to end, found \(String(describing: error))")
            return
        }
        #expect(unit.phase == .answers && failures.allSatisfy { $0.category == .missingReward })
    }

    @Test("training stops when too many rewards are missing at the first try, and names the reasons")
    func stoppingMissing() async throws {
        let job = try SampleJobs.training()
        let network = InMemoryNetwork()
        let dispatcher = Self.dispatcher(await network.listen())
        let worker = try await ArithmeticWorker(
            "ann", on: network,
            behaviour: .spoiling { result in
                // Of each unit's four sequences three had to be judged again, and there are 16 and an evaluation of 6.
                result.output.statistics.missing = ["the sandbox broke": min(3, result.output.completions.count)]
            })
        let journal = try Self.journal(job)
        let ended = try await Self.serve(dispatcher, [worker]) { await Self.run(job, journal, dispatcher) }
        guard case .missingRewards(0, let count, 22, 0.5, let reasons)? = ended.error as? CoordinatorError else {
            Issue.record("expected the run to stop, found \(String(describing: ended.error))")
            return
        }
        #expect(count > 11 && reasons == ["\(count) times: the sandbox broke"])
        try journal.close()
    }

    @Test("goes on with a folder whose job was started under another name")
    func otherName() async throws {
        let folder = try TestRun.Folder()
        try Self.journal(SampleJobs.evaluation("first"), folder.run).close()
        let network = InMemoryNetwork()
        let dispatcher = Self.dispatcher(await network.listen())
        let worker = try await ArithmeticWorker("ann", on: network)
        let job = SampleJobs.evaluation("second")
        let journal = try Self.journal(job, folder.run, resume: true)
        #expect(journal.name == "first")
        let ended = try await Self.serve(dispatcher, [worker]) { await Self.run(job, journal, dispatcher) }
        #expect(try await ended.finished?.records() == Self.alone(job).records())
        try journal.close()
    }
}
