import Logging
import T2Coordinator
import T2Core
import T2Engine
import T2Formats
import T2Jobs
import T2Model
import T2Tasks
import T2Text
import T2Transport
import T2Worker

/// A cluster of one: a dispatcher and a worker in this process, connected through memory.
struct LocalHost: Sendable {
    let folder: BaseModelFolder
    let tokenizer: Tokenizer
    let adapters: ModelAdapters
    let lanes: LanePlan
    let verifier: Verifier

    /// Loads the base model.
    init(_ folder: BaseModelFolder, _ tokenizer: Tokenizer, lanes: LanePlan, verifier: Verifier) throws {
        self.folder = folder
        self.tokenizer = tokenizer
        self.lanes = lanes
        self.verifier = verifier
        let reporter = ProgressReporter("decomposing")
        adapters = ModelAdapters(try BaseModel(fitting: folder)) { done, total in
            reporter.report(done, of: total, "matrices")
            if done == total { reporter.finish() }
        }
    }

    /// - Parameter runFolder: the folder that keeps the results of the only job; nil keeps them in memory.
    func serve<Result: Sendable>(
        runFolder: RunFolder?, signals: StopSignals, _ body: @escaping @Sendable (any JobService) async throws -> Result
    ) async throws -> Result {
        let quiet = Logger(label: "t2") { _ in SwiftLogNoOpLogHandler() }
        let network = InMemoryNetwork()
        let transport = await network.listen()
        let dispatcher = Dispatcher(model: JobModel(folder), transport: transport, logger: quiet, limits: .oneProcess)
        let name = WorkerIdentifier(name: "lanes", incarnation: 1)
        let hello = Hello(
            worker: name, modelDigest: folder.digest, tokenizerDigest: folder.tokenizerDigest,
            weights: folder.weightType, fingerprint: MachineFingerprint.current(folder.weightType), lanes: lanes.lanes)
        let worker = Worker(
            hello: hello, threads: lanes.threads,
            computer: UnitComputer(
                adapters: adapters, tokenizer: tokenizer, rewards: RewardRunner(examine: verifier.examine)),
            transport: try await network.connect(name), log: WorkerLog(quiet))
        signals.tell { _ in Task { await dispatcher.stop() } }
        let working = Task { await worker.run() }
        do {
            let result = try await dispatcher.serve {
                try await body(DispatcherService(dispatcher, folder: runFolder))
            }
            worker.stop(reason: "the work is done")
            _ = await working.value
            return result
        } catch {
            worker.stop(reason: "\(error)")
            throw error
        }
    }
}
