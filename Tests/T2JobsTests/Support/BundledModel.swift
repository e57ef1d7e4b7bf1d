import Foundation
import T2Core
import T2Engine
import T2Formats
import T2Jobs
import T2Model
import T2Tasks
import T2TestSupport
import T2Text

/// The bundled model with its experts and problems.
struct BundledModel {
    static let folder = Repository.path + "/experts/tiny"
    /// Loaded once for all tests: it is only read.
    static let shared = Result { try BundledModel() }

    let model: JobModel
    let adapters: ModelAdapters
    let tokenizer: Tokenizer
    let experts: ExpertLibrary

    private init() throws {
        let model = try BaseModelFolder(path: Self.folder + "/base")
        self.model = JobModel(model)
        adapters = ModelAdapters(try BaseModel(model))
        tokenizer = try Tokenizer(path: model.tokenizerPath)
        experts = try ExpertLibrary(path: Self.folder, model: model.digest)
    }

    func problems(_ task: String, _ split: Split = .test) throws -> [Problem] {
        try TaskRegistry.bundled.task(named: task).problems(
            split: split, in: Self.folder + "/data", form: .plain, onBadRecord: .fail
        ).problems
    }

    /// Of all experts but the one that classifies.
    var entries: [ExpertLibrary.Entry] { experts.entries.filter { !$0.isClassifier } }

    /// Runs a job to its end in this thread, unit by unit, with the engine and without a dispatcher.
    ///
    /// - Parameter reversed: computes the units of each round from the last to the first.
    func run<J: Job>(_ job: J, reversed: Bool = false) throws -> (job: J, events: [J.Event]) {
        var (job, events) = (job, [J.Event]())
        let rewards = RewardRunner(examine: Verifier(parallelism: 2).examine)
        let computer = UnitComputer(adapters: adapters, tokenizer: tokenizer, rewards: rewards)
        let lane = Lane(adapters.base)
        while let round = try job.nextRound() {
            var outputs: [UnitKey: UnitOutput] = [:]
            for unit in reversed ? round.units.reversed() : round.units {
                let policies = PolicySet(unit.policies.compactMap(round.policy), adapters)
                outputs[unit.key] = try computer.run(unit, policies, on: lane) { _ in true }
            }
            events += try job.take(RoundResults(round: round, outputs: outputs))
        }
        return (job, events)
    }
}
