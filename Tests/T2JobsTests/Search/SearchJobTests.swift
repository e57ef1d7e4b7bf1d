import T2Core
import T2Jobs
import T2Learning
import T2Tasks
import T2TestSupport
import Testing

@Suite("A few-shot search")
struct SearchJobTests {
    private func job(
        _ method: FewShotSearch.Method, scope: MixtureParameterisation.Scope = .shared, seed: UInt64 = 3
    ) throws -> SearchJob {
        var settings = FewShotSearch.Settings()
        (settings.method, settings.population, settings.iterations, settings.seed) = (method, 6, 3, seed)
        let model = try BundledModel.shared.get()
        let shots = try ShotSelection.draw(5, from: model.problems("arcc-mini", .train), task: "arcc-mini", seed: seed)
        return try SearchJob(
            name: "s", model: model.model, task: "arcc-mini", shots: shots,
            sampling: Sampling(temperature: 0, maxTokens: 40), entries: model.entries,
            mixture: MixtureParameterisation(model.entries.map(\.expert.vector), scope: scope), settings: settings)
    }

    @Test("the order in which units are computed changes nothing", arguments: FewShotSearch.Method.allCases)
    func order(method: FewShotSearch.Method) throws {
        let model = try BundledModel.shared.get()
        let forward = try model.run(job(method))
        let backward = try model.run(job(method), reversed: true)
        #expect(forward.events == backward.events)
        #expect(try forward.job.result().mixture == backward.job.result().mixture)
        // Equal rollouts: 6 candidates of 5 shots an iteration, whatever the method; the gradient's last one only scores.
        #expect(forward.events.map(\.rollouts) == [30, 60, method == .gradient ? 65 : 90])
        #expect(try model.run(job(method, seed: 4)).events != forward.events)
    }

    @Test("a coefficient per matrix is mixed matrix by matrix")
    func perMatrix() throws {
        let model = try BundledModel.shared.get()
        let found = try model.run(job(.cem, scope: .perMatrix)).job.result()
        #expect(found.coefficients.map(\.values.count) == [28, 28, 28])
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
