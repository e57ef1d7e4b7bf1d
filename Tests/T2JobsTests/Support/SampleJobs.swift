import T2Core
import T2Formats
import T2Jobs
import T2Learning
import T2TestSupport

/// Small searches and evaluations on a made-up model, whose answers follow from the unit and its policies alone.
enum SampleJobs {
    static let model = TestTraining.model
    /// What a first pass may answer; the last one is no category of any library.
    static let categories = ["math", "code", "poetry"]

    static func expert(_ value: Float, task: String = "t") -> ExpertFile {
        ExpertFile(
            description: .init(modelDigest: model.digest, task: task),
            vector: ExpertVector(layout: TestTraining.layout, repeating: value))
    }

    static func entry(_ name: String, _ value: Float) -> ExpertLibrary.Entry {
        ExpertLibrary.Entry(name: name, path: "/experts/\(name).safetensors", expert: expert(value))
    }

    static func problems(_ count: Int) -> [Problem] {
        TestTraining.problems("test", count).map { problem in
            var problem = problem
            problem.reference = "#### \(problem.id)"
            return problem
        }
    }

    static func search(
        _ method: FewShotSearch.Method, name: String = "search", model: JobModel = model, task: String = "t",
        entries: [ExpertLibrary.Entry] = [entry("code", 0.98), entry("math", 1.03)], shots: Int = 5,
        maxTokens: Int = 4, isNormalized: Bool = false, scope: MixtureParameterisation.Scope = .shared,
        seed: UInt64 = 3
    ) throws -> SearchJob {
        var settings = FewShotSearch.Settings()
        (settings.method, settings.population, settings.iterations, settings.seed) = (method, 6, 4, seed)
        settings.patience = nil
        return try SearchJob(
            name: name, model: model, task: task, shots: problems(shots),
            sampling: Sampling(temperature: 0, maxTokens: maxTokens), entries: entries,
            mixture: MixtureParameterisation(entries.map(\.expert.vector), scope: scope, isNormalized: isNormalized),
            settings: settings)
    }

    static func evaluation(
        _ strategy: any PolicyAssigner, name: String = "eval", model: JobModel = model, task: String = "t",
        problems: [Problem] = problems(70), temperature: Float = 0, seed: UInt64 = 1
    ) -> EvaluationJob {
        EvaluationJob(
            name: name, model: model, task: task, problems: problems, strategy: strategy,
            sampling: Sampling(temperature: temperature, maxTokens: 4), seed: seed)
    }

    /// - Parameter policies: those that the unit names, by digest; the base model, z = 1, need not be among them.
    static func compute(_ unit: WorkUnit, _ policies: [Digest: Policy]) -> UnitOutput {
        let base = ExpertVector(layout: TestTraining.layout, repeating: 1)
        let vectors = unit.policies.map { $0 == Policy.baseDigest ? base : policies[$0]!.vector ?? base }
        var gradient = unit.gradient.map { _ in [Float](repeating: 0, count: base.values.count) }
        let completions = unit.sequences.map { sequence in
            let (problem, index) = (unit.problems[sequence.problem], unit.problemIndices[sequence.problem])
            let values = vectors[sequence.policy].values
            var random = SeededRandom(seed: unit.seed, step: unit.key.step, problem: index, sample: sequence.sample)
            let isRight = random.nextUniform() + 5 * Double(values[0] - 1) > 0.5
            let token = Int32(random.next() % 100)
            for place in values.indices where gradient != nil {
                gradient?[place] += (isRight ? 1 : -1) * Float(random.nextNormal()) * values[place]
            }
            var completion = Completion(
                prompt: [7], tokens: [token, 9], logProbabilities: [-0.5, -1], finishReason: .stop)
            completion.problem = problem.id
            completion.problemIndex = index
            (completion.sample, completion.policy) = (sequence.sample, sequence.policy)
            completion.text = "\(isRight)"
            switch (unit.sampling, problem.verification) {
            // A reference is the likelier the nearer z is to 1.
            case (nil, _): completion.logProbabilities[0] = -values.reduce(0) { $0 + abs($1 - 1) }
            case (_, .unverified): completion.text = "\\boxed{\(categories[Int(token) % categories.count])}"
            default: completion.reward = .judged(isRight ? .right : .wrong)
            }
            return completion
        }
        var statistics = UnitStatistics()
        statistics.completionTokens = 2 * completions.count
        if unit.gradient?.needsReference == true { statistics.kl = 0.01 }
        return UnitOutput(completions: completions, statistics: statistics, gradient: gradient)
    }
}
