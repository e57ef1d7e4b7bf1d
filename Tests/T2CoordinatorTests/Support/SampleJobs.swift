import T2Core
import T2Formats
import T2Jobs
import T2Learning

/// Jobs on the model of `TestRun`.
enum SampleJobs {
    static func expert(_ value: Float) -> ExpertFile {
        ExpertFile(
            description: .init(modelDigest: TestRun.modelDigest),
            vector: ExpertVector(layout: TestRun.layout, repeating: value))
    }

    static let entries = [("code", 0.98 as Float), ("math", 1.03), ("text", 1.01)].map { name, value in
        ExpertLibrary.Entry(name: name, path: "/experts/\(name).safetensors", expert: expert(value))
    }

    static func evaluation(
        _ name: String = "eval", _ strategy: any PolicyAssigner = RandomExpert(entries), problems: Int = 100,
        seed: UInt64 = 1
    ) -> EvaluationJob {
        EvaluationJob(
            name: name, model: TestRun.model, task: "t", problems: TestRun.problems("test", problems),
            strategy: strategy, sampling: Sampling(temperature: 0, maxTokens: 4), seed: seed)
    }

    static func search(_ name: String = "search", _ method: FewShotSearch.Method = .cem) throws -> SearchJob {
        var settings = FewShotSearch.Settings()
        (settings.method, settings.population, settings.iterations, settings.seed) = (method, 6, 3, 3)
        let shots = TestRun.problems("shot", 30).map { problem in
            var problem = problem
            problem.reference = "#### 1"
            return problem
        }
        return try SearchJob(
            name: name, model: TestRun.model, task: "t", shots: shots,
            sampling: Sampling(temperature: 0, maxTokens: 4), entries: entries,
            mixture: MixtureParameterisation(entries.map(\.expert.vector)), settings: settings)
    }

    static func training(_ name: String = "training") throws -> TrainingJob {
        let definition = TestRun.definition(name: name)
        return TrainingJob(definition, from: try definition.start())
    }
}
