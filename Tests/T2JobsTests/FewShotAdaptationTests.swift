import T2Engine
import T2Core
import T2Learning
import T2Model
import T2Tasks
import T2TestSupport
import Testing

@Suite("Few-shot adaptation")
struct FewShotAdaptationTests {
    private func settings(_ method: FewShotSearch.Method, seed: UInt64 = 3) -> FewShotSearch.Settings {
        var settings = FewShotSearch.Settings()
        settings.method = method
        settings.population = 6
        settings.iterations = 3
        settings.seed = seed
        return settings
    }

    private func run(
        _ method: FewShotSearch.Method, lanes: Int = 1, task: String = "arcc-mini",
        scope: MixtureParameterisation.Scope = .shared
    ) throws -> FewShotAdaptation.Result {
        let model = try BundledModel.shared.get()
        let mixture = MixtureParameterisation(model.entries.map(\.expert.vector), scope: scope)
        return try FewShotAdaptation(
            model.base, model.entries, mixture, task: TaskRegistry.bundled.task(named: task),
            examples: model.problems(task, .train), shots: 5, settings: settings(method)
        ).run(
            lanes: ModelLanes(model.base, count: lanes), tokenizer: model.tokenizer, verifier: Verifier(parallelism: 2),
            sampling: Sampling(temperature: 0, maxTokens: 40))
    }

    @Test("lanes change nothing of what any method finds", arguments: FewShotSearch.Method.allCases)
    func laneCount(method: FewShotSearch.Method) throws {
        let (one, three) = (try run(method), try run(method, lanes: 3))
        #expect(one.outcome.iterations == three.outcome.iterations)
        #expect(one.mixture == three.mixture)
        // Equal rollouts: 6 candidates of 5 shots an iteration, whatever the method; the gradient's last one only scores.
        #expect(one.outcome.iterations.map(\.rollouts) == [30, 60, method == .gradient ? 65 : 90])
    }

    @Test("a coefficient per matrix is mixed matrix by matrix")
    func perMatrix() throws {
        let found = try run(.cem, scope: .perMatrix)
        #expect(found.coefficients.map(\.values.count) == [28, 28, 28])
        let model = try BundledModel.shared.get()
        let layout = found.mixture.vector.layout
        for matrix in [0, 13, 27] {
            for index in layout.range(matrix) {
                let expected = zip(found.coefficients, model.entries).reduce(0.0) {
                    $0 + $1.0.values[matrix] * Double($1.1.expert.vector.values[index])
                }
                #expect(abs(Double(found.mixture.vector.values[index]) - expected) < 1e-6)
            }
        }
    }

    @Test("a population is scored as each candidate alone, to the bit")
    func population() throws {
        let model = try BundledModel.shared.get()
        let mixture = MixtureParameterisation(model.entries.map(\.expert.vector))
        let candidates = [[1, 0, 0], [0, 1, 0], [0.3, 0.3, 0.4], [0, 0.2, 0.9]].map(mixture.vector)
        let shots = try Array(model.problems("math-mini", .train).prefix(6))
        let svf = try SVFModel(model.base, targets: .all)
        let evaluator = try CandidateEvaluator(
            svf, lanes: ModelLanes(model.base, count: 2), tokenizer: model.tokenizer,
            verifier: Verifier(parallelism: 1),
            shots: shots, sampling: Sampling(temperature: 0, maxTokens: 40))
        let right = try evaluator.rightAnswers(candidates)
        #expect(right == (try candidates.flatMap { try evaluator.rightAnswers([$0]) }))
        #expect(Set(right).count > 1)
        let likelihoods = try evaluator.logLikelihoods(candidates)
        #expect(likelihoods == (try candidates.flatMap { try evaluator.logLikelihoods([$0]) }))
        // The same as scoring the merged weights.
        let z = try svf.complete(candidates[1])
        let end = Int32(try #require(model.base.configuration.endOfSequence.first))
        let sequences = shots.map {
            ScoredSequence(
                prompt: model.tokenizer.promptPrefix + model.tokenizer.encode($0.prompt),
                completion: model.tokenizer.encode($0.reference ?? "") + [end])
        }
        let merged = LogProbabilities(Transformer(model.base)).score(sequences, .merged(svf.merge(z)))
        let mean = merged.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + Double($1) } } / 6
        #expect(abs(likelihoods[1] - mean) < 1e-3)
    }

    @Test("shots are distinct, the same for a seed, and never more than there are")
    func shots() throws {
        let problems = try BundledModel.shared.get().problems("math-mini", .train)
        let drawn = try ShotSelection.draw(40, from: problems, task: "math-mini", seed: 1)
        #expect(Set(drawn.map(\.id)).count == 40)
        #expect(drawn == (try ShotSelection.draw(40, from: problems, task: "math-mini", seed: 1)))
        #expect(drawn != (try ShotSelection.draw(40, from: problems, task: "math-mini", seed: 2)))
        for count in [0, 101] {
            let error = #expect(throws: InputError.self) {
                try ShotSelection.draw(count, from: problems, task: "math-mini", seed: 1)
            }
            #expect(error?.description.contains("\(count) shots were asked for, and there are 100 examples") == true)
        }
        let bare = problems.map(\.withoutReference)
        let error = #expect(throws: InputError.self) { try ShotSelection.draw(3, from: bare, task: "t", seed: 1) }
        #expect(error?.description.contains("has no reference") == true)
    }
}
