import Foundation
import T2Coordinator
import T2Core
import T2Jobs
import T2TestSupport
import T2Transport
import Testing

@Suite("Audited units", .timeLimit(.minutes(20)))
struct AuditTests {
    /// A way in which a worker's results are wrong although each passes the coordinator's checks.
    enum Lie: CaseIterable {
        case rewards, gradients, tokens

        @Sendable func spoil(_ result: inout UnitResult) {
            switch self {
            case .rewards:
                guard case .judged = result.output.completions[0].reward else { return }
                result.output.completions[0].reward = .judged(.right)
                result.output.completions[1].reward = .judged(.wrong)
                result.output.completions[0].text = "true"
            case .gradients:
                result.output.gradient?[0] += 0.5
            case .tokens:
                result.output.completions[0].tokens[0] = 1
            }
        }
    }

    private static func configuration(audit: Double) -> RunConfiguration {
        var configuration = TestRun.configuration()
        configuration.audit = audit
        return configuration
    }

    /// Where the liar's machine is of the same kind as others, or of no other's.
    enum Kinds: CaseIterable {
        case equal, oneLikeTheLiar, noneLikeTheLiar

        func kind(of worker: String) -> String {
            switch self {
            case .equal: "abacus"
            case .oneLikeTheLiar: ["ann", "liar"].contains(worker) ? "abacus" : "slide rule"
            case .noneLikeTheLiar: worker == "liar" ? "abacus" : "slide rule"
            }
        }
    }

    private static func start(
        _ folder: TestRun.Folder, audit: Double, _ behaviours: [String: ArithmeticWorker.Behaviour],
        kinds: (String) -> String = { _ in "abacus" }, limits: Dispatcher.Limits = Dispatcher.Limits()
    ) async throws -> (coordinator: TestCoordinator, journal: RunJournal, workers: [String: ArithmeticWorker]) {
        let network = InMemoryNetwork()
        var limits = limits
        limits.auditPatience = .seconds(1)
        let (coordinator, journal) = try await TestRun.coordinator(
            folder, network, configuration: configuration(audit: audit), limits: limits)
        var workers: [String: ArithmeticWorker] = [:]
        for (name, behaviour) in behaviours {
            workers[name] = try await ArithmeticWorker(
                name, on: network, behaviour: behaviour, kind: kinds(name))
        }
        return (coordinator, journal, workers)
    }

    @Test(
        "name a worker that lies, refuse it, and come to the bytes of honest workers", arguments: Lie.allCases,
        Kinds.allCases)
    func liar(lie: Lie, kinds: Kinds) async throws {
        let expected = try await CoordinatorTests.undisturbed()
        let folder = try TestRun.Folder()
        let (coordinator, journal, workers) = try await Self.start(
            folder, audit: 1,
            ["ann": .honest, "bob": .honest, "cleo": .honest, "liar": .spoiling(lie.spoil)],
            kinds: kinds.kind)
        _ = try await CoordinatorTests.run(coordinator, Array(workers.values))
        let completions = try journal.store.completions(CompletionRecord.Selection(), limit: 10_000)
        try journal.close()
        #expect(try folder.bytes("expert-last.safetensors") == expected.bytes("expert-last.safetensors"))
        #expect(try folder.bytes("expert-best.safetensors") == expected.bytes("expert-best.safetensors"))
        let rejection = await workers["liar"]?.rejection
        #expect(rejection?.reason.contains("differs from those of two other workers") == true)
        for name in ["ann", "bob", "cleo"] { #expect(await workers[name]?.rejection == nil) }
        // What it answered in an earlier round without a gradient to lie in may stand.
        #expect(completions.contains { $0.phase == .train })
        #expect(!completions.contains { $0.worker == "liar" && $0.phase == .train })
    }

    @Test("are computed by two workers, and change no byte")
    func honest() async throws {
        let expected = try await CoordinatorTests.undisturbed()
        let folder = try TestRun.Folder()
        let (coordinator, journal, workers) = try await Self.start(folder, audit: 1, ["ann": .honest, "bob": .honest])
        _ = try await CoordinatorTests.run(coordinator, Array(workers.values))
        try journal.close()
        #expect(try folder.bytes("expert-last.safetensors") == expected.bytes("expert-last.safetensors"))
        for worker in workers.values { #expect(await worker.verdicts.contains(.held)) }
    }

    @Test("are checked by a worker of another machine kind, whose numbers differ in the last bits, and change no byte")
    func otherKind() async throws {
        let expected = try await CoordinatorTests.undisturbed()
        let folder = try TestRun.Folder()
        let (coordinator, journal, workers) = try await Self.start(
            folder, audit: 1, ["ann": .honest, "bob": .honest], kinds: { $0 == "ann" ? "abacus" : "slide rule" })
        _ = try await CoordinatorTests.run(coordinator, Array(workers.values))
        try journal.close()
        #expect(try folder.bytes("expert-last.safetensors") == expected.bytes("expert-last.safetensors"))
        var (checks, held) = (0, 0)
        for worker in workers.values {
            #expect(await worker.rejection == nil)
            checks += await worker.checks
            held += await worker.verdicts.count { $0 == .held }
        }
        // Every unit is held once, and checked once, unless the patience with a busy worker ended.
        #expect(held > 0 && checks > 0)
    }

    @Test("are accepted as they are while no other worker is there")
    func alone() async throws {
        let expected = try await CoordinatorTests.undisturbed()
        let folder = try TestRun.Folder()
        let (coordinator, journal, workers) = try await Self.start(folder, audit: 1, ["ann": .honest])
        _ = try await CoordinatorTests.run(coordinator, Array(workers.values))
        try journal.close()
        #expect(try folder.bytes("expert-last.safetensors") == expected.bytes("expert-last.safetensors"))
    }

    @Test("are accepted as they are if no other worker returns them in time", arguments: ["abacus", "slide rule"])
    func hoarder(kind: String) async throws {
        let expected = try await CoordinatorTests.undisturbed()
        let folder = try TestRun.Folder()
        var limits = Dispatcher.Limits()
        // Its leases never expire.
        limits.leases.minimumLength = .seconds(86_400)
        limits.longestAudit = .milliseconds(300)
        let (coordinator, journal, workers) = try await Self.start(
            folder, audit: 1, ["ann": .honest, "eve": .hoarding], kinds: { $0 == "ann" ? "abacus" : kind },
            limits: limits)
        _ = try await CoordinatorTests.run(coordinator, Array(workers.values))
        try journal.close()
        #expect(try folder.bytes("expert-last.safetensors") == expected.bytes("expert-last.safetensors"))
    }

    @Test("stop the run if two workers differ and no third can decide; with a third it is resumed to the same bytes")
    func disputed() async throws {
        let expected = try await CoordinatorTests.undisturbed()
        let folder = try TestRun.Folder()
        let (coordinator, journal, workers) = try await Self.start(
            folder, audit: 1, ["ann": .honest, "liar": .spoiling(Lie.gradients.spoil)])
        let error = await #expect(throws: CoordinatorError.self) {
            try await CoordinatorTests.run(coordinator, Array(workers.values))
        }
        guard case .disputed(_, let names) = error else {
            Issue.record("ended by \(String(describing: error))")
            return
        }
        #expect(names.sorted() == ["ann", "liar"])
        try journal.close()
        let network = InMemoryNetwork()
        // The share may change when the run is resumed.
        let (second, reopened) = try await TestRun.coordinator(folder, network, resume: true)
        _ = try await CoordinatorTests.run(second, [try await ArithmeticWorker("ann", on: network)])
        try reopened.close()
        #expect(try folder.bytes("expert-last.safetensors") == expected.bytes("expert-last.safetensors"))
    }

    @Test("are the share of units that the configuration names, drawn from the seed")
    func share() throws {
        var configuration = Self.configuration(audit: 0.25)
        configuration.promptsPerStep = 2_000
        let job = TrainingJob(
            TestRun.definition(configuration), from: try TestRun.definition(configuration).start())
        let round = try #require(job.nextRound())
        let audited = job.audited(in: round, secret: 3)
        #expect((200...300).contains(audited.count), "\(audited.count) of \(round.units.count)")
        #expect(job.audited(in: round, secret: 3) == audited)
        // A worker that knows the seed cannot tell.
        #expect(job.audited(in: round, secret: 4) != audited)
        configuration.seed = 7
        let other = TrainingJob(TestRun.definition(configuration), from: try TestRun.definition(configuration).start())
        #expect(other.audited(in: round, secret: 3) != audited)
        configuration.audit = nil
        let none = TrainingJob(TestRun.definition(configuration), from: try TestRun.definition(configuration).start())
        #expect(none.audited(in: round, secret: 3).isEmpty)
    }
}
