import Foundation
import T2Core
import T2Formats
import T2Jobs
import T2Learning
import T2TestSupport

/// Small jobs of each kind on one tiny model.
struct FaultJobs: Sendable {
    /// The topic of problems whose answers can have no reward.
    static let unrewarded = "unrewarded"

    let engine: TestEngine
    private let experts: [ExpertLibrary.Entry]

    init() throws {
        let model = try TinyModel()
        engine = try TestEngine(path: model.path)
        let (digest, layout) = (engine.folder.digest, engine.layout())
        experts = ["addition", "reversal"].enumerated().map { number, name in
            var random = SeededRandom(seed: UInt64(number))
            let vector = ExpertVector(
                layout: layout, values: (0..<layout.count).map { _ in Float(1 + 0.3 * random.nextNormal()) })
            return ExpertLibrary.Entry(
                name: name, path: name, expert: ExpertFile(description: .init(modelDigest: digest), vector: vector))
        }
    }

    private var model: JobModel { JobModel(engine.folder) }

    private func problems(_ count: Int, _ letter: Character) -> [Problem] {
        (0..<count).map { index in
            Problem(
                id: "\(letter)\(index)", topic: "t", prompt: String(repeating: letter, count: 1 + index) + "Z",
                verification: .number(answer: "1"), reference: "R\(letter)")
        }
    }

    /// Two steps and three evaluations.
    ///
    /// - Parameter audit: the share of units that are audited.
    func training(audit: Double? = nil) throws -> TrainingJob {
        var configuration = RunConfiguration()
        configuration.audit = audit
        configuration.steps = 2
        (configuration.promptsPerStep, configuration.promptsPerUnit, configuration.samplesPerPrompt) = (4, 1, 2)
        configuration.maxTokens = 6
        configuration.evaluateEvery = 1
        configuration.validationProblems = 4
        configuration.klCoefficient = 0.1
        let definition = TrainingDefinition(
            name: "run", configuration: configuration, model: model, parameterisation: .direct(engine.layout()),
            training: problems(9, "A"), validation: problems(4, "B"))
        return TrainingJob(definition, from: try definition.start())
    }

    /// A first pass over 70 problems, three units, then their answers under three policies; one of them has no reward.
    func evaluation() -> EvaluationJob {
        var problems = problems(70, "C")
        problems[40] = Problem(
            id: "C40", topic: Self.unrewarded, prompt: problems[40].prompt, verification: problems[40].verification)
        return EvaluationJob(
            name: "eval", model: model, task: "t", problems: problems,
            strategy: ParityDispatch(experts: experts), sampling: Sampling(temperature: 0.7, maxTokens: 5), seed: 4)
    }

    func search(_ method: FewShotSearch.Method) throws -> SearchJob {
        var settings = FewShotSearch.Settings()
        settings.method = method
        settings.population = 6
        settings.iterations = 2
        settings.seed = 3
        return try SearchJob(
            name: "search", model: model, task: "t", shots: problems(3, "D"),
            sampling: Sampling(temperature: 0, maxTokens: 5), entries: experts,
            mixture: try MixtureParameterisation(mixing: experts), settings: settings)
    }
}

/// The base model is asked about each prompt first; the length of what it says decides which policy answers.
private struct ParityDispatch: PolicyAssigner {
    let experts: [ExpertLibrary.Entry]
    private var lengths: [Int]?

    init(experts: [ExpertLibrary.Entry]) { self.experts = experts }

    var parts: [(name: String, value: any Encodable & Sendable)] { [] }

    func nextRound(_ prompts: [Problem], _ context: AssignmentContext) -> Round? {
        guard lengths == nil else { return nil }
        let units = stride(from: 0, to: prompts.count, by: 32).enumerated().map { index, start in
            let batch = Array(start..<min(start + 32, prompts.count))
            return WorkUnit(
                key: UnitKey(run: context.run, step: 0, phase: .classification, index: index), seed: context.seed,
                problems: batch.map {
                    Problem(id: prompts[$0].id, topic: "", prompt: "Q" + prompts[$0].prompt, verification: .unverified)
                }, problemIndices: batch, sequences: WorkUnit.Sequence.all(problems: batch.count),
                policies: [Policy.baseDigest], sampling: Sampling(temperature: 1, maxTokens: 4))
        }
        return Round(step: 0, units: units, policies: [:])
    }

    mutating func take(_ results: RoundResults) throws -> [FewShotSearch.Iteration] {
        lengths = try results.allCompletions().map { $0.text.utf8.reduce(0) { $0 + Int($1) } }
        return []
    }

    func assignment(_ prompts: [Problem], _: AssignmentContext) throws -> PolicyAssignment {
        let names = [nil] + experts.map { Optional($0.name) }
        return PolicyAssignment(
            (lengths ?? []).map { length in
                let name = names[length % names.count]
                return Dispatch(category: name ?? "other", expert: name)
            }, experts: Dictionary(uniqueKeysWithValues: experts.map { ($0.name, $0.expert.policy) }))
    }
}
