import Logging
import T2Coordinator
import T2Core
import T2Formats
import T2Engine
import T2Jobs
import T2TestSupport
import T2Transport
import T2Worker

/// A real dispatcher and real workers in memory. Under a seed their messages are lost, doubled and overtaken at both ends, and
/// the first worker vanishes after some of them and comes back under a new incarnation.
struct FaultyCluster {
    private static let quiet = Logger(label: "fault-tests") { _ in SwiftLogNoOpLogHandler() }

    let engine: TestEngine
    /// Nil lets every message pass.
    let seed: UInt64?
    var workers = 2
    /// The numbers of the messages at which the coordinator vanishes, one for each time it does. Its results are on disk then.
    var coordinatorCuts: [Int] = []

    struct Outcome<J: Job>: Sendable {
        /// After its last round.
        let job: J
        /// How often each fate struck.
        let faults: [FaultPlan.Fate: Int]
        /// How often the coordinator was started again.
        let restarts: Int
    }

    func run<J: Job>(_ job: J) async throws -> Outcome<J> {
        let folder = try TemporaryFolder()
        let (finished, faults, restarts) = try await run { dispatcher, start in
            let isKept = !coordinatorCuts.isEmpty
            return try await Self.run(
                job, dispatcher, isKept ? RunFolder(path: folder.path + "/run", resume: start > 0) : nil)
        }
        return Outcome(job: finished, faults: faults, restarts: restarts)
    }

    /// Runs a job to its end; a job with a folder goes on from what is there.
    static func run<J: Job>(_ job: J, _ dispatcher: Dispatcher, _ folder: RunFolder? = nil) async throws -> J {
        let service = DispatcherService(dispatcher, folder: folder)
        guard case .finished(let finished) = try await service.run(job, progress: { _ in }, onEvent: { _, _ in }) else {
            throw CancellationError()
        }
        return finished
    }

    /// Runs `body` with a dispatcher and workers, again after each cut of the coordinator.
    ///
    /// - Parameter body: takes how often the coordinator was started before.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable (Dispatcher, Int) async throws -> Result
    ) async throws -> (result: Result, faults: [FaultPlan.Fate: Int], restarts: Int) {
        let network = InMemoryNetwork()
        return try await withThrowingTaskGroup(of: [FaultPlan.Fate: Int].self) { group in
            for number in 0..<workers {
                group.addTask { try await serve("worker-\(number)", network) }
            }
            defer { group.cancelAll() }
            var faults: [FaultPlan.Fate: Int] = [:]
            var start = 0
            while true {
                var plan = plan(of: "coordinator#\(start)")
                plan.cutAt = start < coordinatorCuts.count ? coordinatorCuts[start] : nil
                let transport = FaultyCoordinatorTransport(await network.listen(), plan: plan)
                let dispatcher = Dispatcher(
                    model: JobModel(engine.folder), transport: transport, logger: Self.quiet, limits: limits)
                do {
                    let result = try await dispatcher.serve { [start] in
                        try await body(dispatcher, start)
                    }
                    group.cancelAll()
                    faults.merge(await transport.faults, uniquingKeysWith: +)
                    for try await found in group { faults.merge(found, uniquingKeysWith: +) }
                    return (result, faults, start)
                } catch CoordinatorError.transportClosed where plan.cutAt != nil {
                    faults.merge(await transport.faults, uniquingKeysWith: +)
                    start += 1
                }
            }
        }
    }

    /// Runs a worker, and starts it again when it has ended, until the task is cancelled.
    private func serve(_ name: String, _ network: InMemoryNetwork) async throws -> [FaultPlan.Fate: Int] {
        var faults: [FaultPlan.Fate: Int] = [:]
        var incarnation = 0
        while !Task.isCancelled {
            incarnation += 1
            var plan = plan(of: "\(name)#\(incarnation)")
            if incarnation == 1, name == "worker-0", let seed { plan.cutAt = 3 + Int(seed % 17) }
            let hello = Hello(
                worker: WorkerIdentifier(name: name, incarnation: UInt64(incarnation)),
                modelDigest: engine.folder.digest, tokenizerDigest: engine.folder.tokenizerDigest,
                fingerprint: "here", lanes: 1 + incarnation % 2)
            let transport = FaultyTransport(try await network.connect(hello.worker), plan: plan)
            let worker = Worker(
                hello: hello, computer: engine.computer(Self.rewards), transport: transport, log: WorkerLog(Self.quiet),
                progressInterval: .milliseconds(20), limits: waitLimits)
            _ = await withTaskCancellationHandler {
                await worker.run()
            } onCancel: {
                worker.stop(reason: "the job is over")
            }
            faults.merge(await transport.faults, uniquingKeysWith: +)
            // A worker is rejected while its predecessor of the same name counts as alive; it tries again a little later.
            try? await Task.sleep(for: .milliseconds(10))
        }
        return faults
    }

    /// Judges by the length of the completion; questions stay unjudged, and unrewarded problems have no reward.
    static let rewards = RewardRunner.judging { submissions in
        submissions.map {
            guard $0.problem.verification != .unverified else { return .unjudged }
            guard $0.problem.topic != FaultJobs.unrewarded else { return .missing(reason: "the sandbox broke") }
            return .judged($0.completion.utf8.count.isMultiple(of: 2) ? .right : .wrong)
        }
    }

    private func plan(of end: String) -> FaultPlan {
        guard let seed else { return FaultPlan(seed: 0) }
        var random = SeededRandom(seed: seed)
        // From mild to one message in three.
        let (drop, duplicate, hold) = (
            0.12 * random.nextUniform(), 0.12 * random.nextUniform(), 0.12 * random.nextUniform()
        )
        return FaultPlan(seed: seed, drop: drop, duplicate: duplicate, hold: hold).own(of: Array(end.utf8))
    }

    /// Short, so that lost messages cost milliseconds; no unit is given up, since leases expire for lost messages too.
    private var limits: Dispatcher.Limits {
        var limits = Dispatcher.Limits()
        limits.leases.minimumLength = .milliseconds(250)
        limits.leases.suspectAfter = .milliseconds(150)
        limits.leases.deadAfter = .milliseconds(400)
        limits.leases.failuresToPoison = .max
        limits.leases.mostFailures = .max
        limits.tick = .milliseconds(20)
        limits.farewell = .milliseconds(100)
        return limits
    }

    private var waitLimits: WaitLimits {
        var waitLimits = WaitLimits()
        waitLimits.answer = .milliseconds(80)
        waitLimits.acknowledgement = .milliseconds(120)
        waitLimits.lease = .milliseconds(150)
        waitLimits.renewal = .milliseconds(50)
        waitLimits.tick = .milliseconds(20)
        return waitLimits
    }
}
