import Foundation
import T2Core
import T2Jobs
import T2Learning
import T2TestSupport
import Testing

@Suite("The identity of a job")
struct JobIdentityTests {
    private static func model(
        _ path: String = "/models/small", digest: String = "model", tokenizer: String = "tokenizer",
        weights: WeightType = .float32
    ) -> JobModel {
        JobModel(
            path: path, configuration: SampleJobs.model.configuration, digest: Digest(of: digest),
            tokenizerDigest: Digest(of: tokenizer), weights: weights)
    }

    private static func training(
        name: String = "run", model: JobModel = model(), training: [Problem] = TestTraining.problems("train", 11),
        validation: [Problem] = TestTraining.problems("valid", 9), stopStrings: [String] = []
    ) throws -> JobIdentity {
        try TrainingDefinition(
            name: name, configuration: TestTraining.configuration(), model: model,
            parameterisation: .direct(TestTraining.layout), training: training, validation: validation,
            stopStrings: stopStrings
        ).identity()
    }

    /// Databases and reports hold identities from release to release. These digests may change only together with what a job's
    /// results follow from, or with `RunSchema`: after a change no older run folder can be resumed. Renaming a Swift type must
    /// leave them as they are, and so must renaming a property, unless its name is a key of the JSON.
    @Test("has the same digest from release to release")
    func golden() throws {
        let digests = try [
            Self.training(), SampleJobs.evaluation(FixedPolicy(.base)).identity(), SampleJobs.search(.cem).identity(),
        ].map(\.digest.hexadecimal)
        #expect(
            digests == [
                "c19399d83cac791a51537cd42240ab09f82bdd1d4fce5aaeec49f46295402cfa",
                "abb627cb206a2561dfffbbd8dd49e8e674205306ce8f2cae70430f1dc662fd2b",
                "518939daef600860e27ac68966f29091b73cb2f61963f86e2fd85318133a5b80",
            ])
    }

    @Test("holds no name of a Swift type")
    func typeNames() throws {
        let library = try SampleLibrary()
        let identities = try [
            Self.training(), SampleJobs.search(.gradient).identity(),
            SampleJobs.evaluation(FixedPolicy(.base), problems: SampleJobs.problems(1)).identity(),
            SampleJobs.evaluation(RandomExpert(library.experts.entries)).identity(),
            SampleJobs.evaluation(PromptClassification(library.experts, by: .expert)).identity(),
            SampleJobs.evaluation(FewShotMixture(SampleJobs.search(.cem))).identity(),
        ]
        let types: [Any.Type] = [
            TrainingDefinition.self, SearchJob.self, EvaluationJob.self, Problem.self, Verification.self,
            Sampling.self, Digest.self, FewShotSearch.Settings.self, RandomExpert.self, FixedPolicy.self,
        ]
        for identity in identities {
            for (name, text) in identity.parts {
                for type in types { #expect(!text.contains("\(type)"), "\(name): \(text)") }
            }
        }
    }

    @Test("is the same for the same inputs, wherever the model lies and whatever the job is called")
    func same() throws {
        let moved = Self.model("/elsewhere")
        #expect(try Self.training(name: "another", model: moved) == Self.training())
        let evaluation = try SampleJobs.evaluation(FixedPolicy(.base)).identity()
        let other = try SampleJobs.evaluation(FixedPolicy(.base), name: "another", model: moved).identity()
        #expect(other.digest == evaluation.digest && other.difference(from: evaluation) == nil)
        let search = try SampleJobs.search(.cem, name: "another", model: moved).identity()
        #expect(try search.digest == SampleJobs.search(.cem).identity().digest)
        let read = try JSONDecoder().decode(JobIdentity.self, from: JSONEncoder().encode(search))
        #expect(read == search && read.digest == search.digest)
    }

    private func expect(_ changed: JobIdentity, _ saved: JobIdentity, _ difference: String) {
        #expect(changed.difference(from: saved) == difference)
        #expect(changed.digest != saved.digest, "\(difference)")
    }

    @Test("of a training run names each input that changed")
    func trainingInputs() throws {
        let saved = try Self.training()
        expect(try Self.training(model: Self.model(digest: "other")), saved, "other base model")
        expect(try Self.training(model: Self.model(tokenizer: "other")), saved, "other tokenizer")
        expect(try Self.training(model: Self.model(weights: .bfloat16)), saved, "other weights")
        expect(try Self.training(training: TestTraining.problems("other", 11)), saved, "other problems")
        expect(try Self.training(validation: TestTraining.problems("other", 9)), saved, "other problems")
        expect(try Self.training(stopStrings: ["\n\n"]), saved, "other stop strings")
        expect(
            try Self.training(model: Self.model(digest: "other"), stopStrings: ["x"]), saved,
            "other base model, other stop strings")
    }

    @Test("of an evaluation names each input that changed")
    func evaluationInputs() throws {
        let base = FixedPolicy(.base)
        let saved = try SampleJobs.evaluation(base).identity()
        func changed(_ difference: String, _ job: EvaluationJob) throws {
            expect(try job.identity(), saved, difference)
        }
        try changed("other base model", SampleJobs.evaluation(base, model: Self.model(digest: "other")))
        try changed("other tokenizer", SampleJobs.evaluation(base, model: Self.model(tokenizer: "other")))
        try changed("other task", SampleJobs.evaluation(base, task: "u"))
        try changed("other problems", SampleJobs.evaluation(base, problems: SampleJobs.problems(69)))
        func asked(_ chat: ChatContext) -> [Problem] {
            SampleJobs.problems(70).map { problem in
                var problem = problem
                problem.chat = chat
                return problem
            }
        }
        try changed(
            "other problems, other system", SampleJobs.evaluation(base, problems: asked(ChatContext(system: "s"))))
        let days = ["2024-07-26", "2024-07-27"].map { asked(ChatContext(date: CalendarDate($0))) }
        expect(
            try SampleJobs.evaluation(base, problems: days[1]).identity(),
            try SampleJobs.evaluation(base, problems: days[0]).identity(),
            "other date (--date 2024-07-26), other problems")
        try changed("other temperature or max-tokens", SampleJobs.evaluation(base, temperature: 0.5))
        try changed("other seed", SampleJobs.evaluation(base, seed: 2))
        try changed("other expert", SampleJobs.evaluation(FixedPolicy(SampleJobs.expert(1.1).policy)))
        try changed(
            "other expert, other experts, other strategy",
            SampleJobs.evaluation(RandomExpert([SampleJobs.entry("math", 1.03)])))
    }

    @Test("of a classified evaluation names the experts, the classifier and the question")
    func classificationInputs() throws {
        func identity(_ library: SampleLibrary, _ classifier: PromptClassifier = .expert) throws -> JobIdentity {
            try SampleJobs.evaluation(PromptClassification(library.experts, by: classifier)).identity()
        }
        let saved = try identity(try SampleLibrary())
        #expect(try identity(try SampleLibrary()) == saved, "another folder with the same experts")
        expect(try identity(try SampleLibrary(["math": 1.04, "code": 0.98])), saved, "other experts")
        expect(try identity(try SampleLibrary(), .base), saved, "other classifier")
        expect(
            try identity(try SampleLibrary(["math": 1.03, "program": 0.98])), saved,
            "other classification, other experts")
    }

    @Test("of a search names each input that changed, also where the search is a part of an evaluation")
    func searchInputs() throws {
        let saved = try SampleJobs.search(.cem).identity()
        let evaluation = try SampleJobs.evaluation(FewShotMixture(SampleJobs.search(.cem))).identity()
        func changed(_ difference: String, _ search: SearchJob) throws {
            expect(try search.identity(), saved, "other " + difference)
            expect(
                try SampleJobs.evaluation(FewShotMixture(search)).identity(), evaluation, "other search: " + difference)
        }
        let settings = "method, population, elite-ratio, iterations, patience or seed"
        try changed("base model", SampleJobs.search(.cem, model: Self.model(digest: "other")))
        try changed("tokenizer", SampleJobs.search(.cem, model: Self.model(tokenizer: "other")))
        try changed("task", SampleJobs.search(.cem, task: "u"))
        try changed("shots", SampleJobs.search(.cem, shots: 4))
        try changed("max-tokens", SampleJobs.search(.cem, maxTokens: 5))
        try changed("normalize", SampleJobs.search(.cem, isNormalized: true))
        try changed("per-layer", SampleJobs.search(.cem, scope: .perMatrix))
        try changed(settings, SampleJobs.search(.random))
        try changed(settings, SampleJobs.search(.cem, seed: 4))
        let entries = [SampleJobs.entry("code", 0.98), SampleJobs.entry("math", 1.04)]
        try changed("experts", SampleJobs.search(.cem, entries: entries))
    }

    @Test("of another kind of job differs in that alone")
    func kinds() throws {
        let (search, training) = (try SampleJobs.search(.cem).identity(), try Self.training())
        #expect(search.difference(from: training) == "another kind of job: a training run")
        #expect(training.difference(from: search) == "another kind of job: a search")
        let parts: [(name: String, value: any Encodable & Sendable)] = [("seed", 1)]
        #expect(try JobIdentity(.search, parts).digest != JobIdentity(.evaluation, parts).digest)
    }

    @Test("takes no NaN, and tells long parts apart by their digests")
    func parts() throws {
        #expect(throws: EncodingError.self) { try JobIdentity(.search, [("temperature", Double.nan)]) }
        let long = String(repeating: "x", count: 10_000)
        let (a, b) = (try JobIdentity(.search, [("text", long)]), try JobIdentity(.search, [("text", long + "y")]))
        #expect(a.parts["text"]?.utf8.count == 64)
        #expect(a.difference(from: b) == "other text")
    }
}
