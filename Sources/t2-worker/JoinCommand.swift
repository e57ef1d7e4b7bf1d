import ArgumentParser
import Foundation
import Logging
import T2CommandLine
import T2Core
import T2Engine
import T2Formats
import T2Model
import T2Numerics
import T2Tasks
import T2Text
import T2Transport
import T2Worker

/// Joins a coordinator, and works for it until it releases the worker.
struct JoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Connects to a coordinator, with retries, and computes the units that it leases.",
        discussion: """
            The coordinator may be started later, or restarted: the worker retries with growing pauses and logs why.

            Without --model, the worker takes the coordinator's base model: in place if this machine sees its folder, from \
            ~/.cache/t2 (or $T2_CACHE) if it is there, or else it is fetched into that folder, with the decompositions that the \
            coordinator has. A fetch that is interrupted goes on at the next start. With --model, it is refused if its base \
            model differs from the coordinator's.

            Examples:
              t2-worker join                        # a coordinator on this machine
              t2-worker join tcp://127.0.0.1:6000 --model /srv/models/llama
              t2-worker join --lanes 1 --verbose    # one unit at a time; log each of them
              t2-worker join node7.invite           # from another machine, with what t2-coord invite node7 printed
            """)

    @OptionGroup var coordinator: CoordinatorOptions

    @Option(
        help: ArgumentHelp(
            "Units computed at a time, or auto: one per core, or one for all cores if the model is large and in bf16. It changes "
                + "speed, never results.", valueName: "n"))
    var lanes = LaneCount.auto

    @Option(help: ArgumentHelp("Threads that compute. (default: one per core)", valueName: "n"))
    var cores: Int?

    @OptionGroup var weights: WeightOptions

    @Option(
        help: ArgumentHelp(
            "Name of this worker in logs; it must be unique. With an invitation NAME, further workers may be called NAME/2 "
                + "and so on. (default: the invitation's, or host and process)", valueName: "name"))
    var name: String?

    @Option(
        name: .customLong("task-folder"),
        help: ArgumentHelp(
            "Folder of a task of your own whose command may judge completions on this machine; may be repeated. A "
                + "coordinator cannot make a worker run a command.", valueName: "dir"))
    var taskFolders: [String] = []

    @OptionGroup var verification: VerifierOptions

    @Flag(help: "Log every unit.")
    var verbose = false

    @Flag(help: "Wait for the next coordinator when one has finished or stopped, until SIGTERM.")
    var stay = false

    @Flag(help: "Leave when standard input ends: the program that started this worker has ended.")
    var untilInputEnds = false

    func validate() throws { try require("--cores", cores, atLeast: 1) }

    func run() async throws {
        let signals = StopSignals()
        if untilInputEnds { EndOfInput.watch() }
        let invitation = try invitation()
        let worker = WorkerIdentifier(
            name: name ?? invitation?.name ?? Self.defaultName, incarnation: .random(in: 1 ... .max))
        let address = coordinator.endpoint ?? BundledExample.endpoint
        let endpoints = invitation?.endpoints.joined(separator: ", ") ?? address
        let trace = try? WorkerTrace(worker, coordinator: endpoints)
        defer { trace?.remove() }
        signals.beforeEnd { trace?.remove() }
        let log = WorkerLog(logger(worker), trace: trace)
        if coordinator.endpoint == nil {
            log.write(
                .info, "no endpoint given; looking for a coordinator on this machine", ["endpoint": "\(address)"])
        }
        // Cheap checks come first: the endpoint, the files, then the weights.
        if invitation == nil { _ = try Endpoint(address, isListening: false) }
        let tasks = try ownTasks()
        let found =
            if let path = coordinator.model {
                try BaseModelFolder(path: path)
            } else {
                try await ModelSource(log: log) { try coordinator.connect(invitation, as: worker) }.find()
            }
        let folder = try found.holding(weights.choice)
        let tokenizer = try folder.tokenizer()
        let resources = MachineResources()
        let (model, type) = (folder.configuration, folder.weightType)
        let plan = LanePlan(
            requested: lanes.requested, cores: cores, resources: resources, model: model, type: type)
        if let reduction = plan.reduction {
            log.write(.warning, "fewer lanes than cores", ["lanes": "\(plan.lanes)", "reason": "\(reduction)"])
        }
        let hello = Hello(
            worker: worker, modelDigest: folder.digest, tokenizerDigest: folder.tokenizerDigest,
            weights: type, fingerprint: MachineFingerprint.current(type), lanes: plan.lanes,
            taskVersions: TrainingTask.versions(tasks + TaskRegistry.bundled.tasks))
        let base = try BaseModel(fitting: folder)
        try LaneThread.requireRoom(plan.lanes * plan.threads + 8)
        let needed = LanePlan.sharedBytes(model, type) + plan.lanes * LanePlan.laneBytes(model)
        try MatrixMultiply.requireRoom(threads: plan.lanes * plan.threads, others: needed)
        log.write(
            .info, "base model loaded",
            [
                "model": "\(folder.path)", "digest": "\(folder.digest.short)", "lanes": "\(plan.lanes)",
                "threads": "\(plan.threads)", "weights": "\(type.rawValue)", "machine": "\(hello.fingerprint)",
            ])
        // A refused worker's log keeps them too.
        let deaths = WorkerTrace.deaths(coordinator: endpoints)
        for death in deaths { log.write(.warning, "a worker died", ["problem": "\(death.message)"]) }
        let verifier = try Verifier(parallelism: plan.lanes, tasks: tasks, isolation: verification.isolation)
        let transport = try coordinator.connect(invitation, as: worker)
        let working = Worker(
            hello: hello, threads: plan.threads,
            computer: UnitComputer(
                adapters: Self.adapters(base, log), tokenizer: tokenizer,
                rewards: RewardRunner(examine: verifier.examine)), transport: transport, log: log, failures: deaths,
            stays: stay)
        signals.tell { working.stop(reason: $0) }
        log.write(.info, "joining", ["endpoint": "\(endpoints)"])
        let ending = await working.run()
        log.write(.info, "left", ["reason": "\(ending.reason)"])
        try ending.requireSuccess()
    }

    /// - Throws: as `CoordinatorOptions.invitation`; `InputError` if it does not allow the name.
    private func invitation() throws -> Invitation? {
        guard let invitation = try coordinator.invitation() else { return nil }
        if let name, !WorkerKey.allows(name, keyName: invitation.name) {
            throw InputError(
                "--name \(name)", "the invitation is for '\(invitation.name)'",
                remedy: "Leave --name out, or give \(invitation.name)/2 and so on.", exitStatus: .usage)
        }
        return invitation
    }

    /// - Throws: `InputError` for a folder without a task, and for two tasks of one name, since leases name their task.
    private func ownTasks() throws -> [TrainingTask] {
        let tasks = try taskFolders.map { try OwnTask(folder: $0).trainingTask }
        for (index, task) in tasks.enumerated() {
            guard let other = tasks[..<index].firstIndex(where: { $0.name == task.name }) else { continue }
            throw InputError(
                "--task-folder \(taskFolders[index])",
                "its task is named '\(task.name)', like that of \(taskFolders[other])",
                remedy: "Give each task a different name.", exitStatus: .configuration)
        }
        return tasks
    }

    /// The adapters of the base model; a decomposition that takes long logs its progress.
    private static func adapters(_ base: BaseModel, _ log: WorkerLog) -> ModelAdapters {
        let cache = SingularValueCache {
            log.write(.warning, "problem with the kept decompositions", ["problem": "\($0)"])
        }
        let reporter = ProgressReporter { done, left in
            log.write(.info, "decomposing the base model", ["done": "\(done)", "left": "\(left?.text ?? "unknown")"])
        }
        return ModelAdapters(base, cache: cache) { reporter.report($0, of: $1, "matrices") }
    }

    private func logger(_ worker: WorkerIdentifier) -> Logger {
        var logger = Logger(label: "t2-worker") { LineLogHandler(label: $0) }
        logger.logLevel = verbose ? .debug : .info
        logger[metadataKey: "worker"] = "\(worker)"
        return logger
    }

    /// Host and process identifier: several workers may run on one host.
    private static var defaultName: String {
        let host = ProcessInfo.processInfo.hostName.prefix(100)
        return "\(host.isEmpty ? "localhost" : host)-\(ProcessInfo.processInfo.processIdentifier)"
    }
}
