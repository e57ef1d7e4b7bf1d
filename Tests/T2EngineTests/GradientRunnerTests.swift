import T2Core
import T2Engine
import T2Model
import T2TestSupport
import Testing

@Suite("A unit's gradient")
struct GradientRunnerTests {
    private func specification(_ expected: ModelFixture.Case) -> GradientSpecification {
        GradientSpecification(
            advantage: .none, runningMeanReward: 0, klCoefficient: expected.coefficient,
            klDirection: expected.direction, klEstimator: .exact)
    }

    private func runner(_ model: ReferenceModel) -> GradientRunner {
        GradientRunner(Transformer(model.engine.adapters.base))
    }

    @Test("is PyTorch's, with its loss and KL, summed over the completions", arguments: ModelFixture.names)
    func agreesWithPyTorch(name: String) throws {
        let model = try ReferenceModel(name)
        let policies = model.policies(model.vector())
        let count = Double(model.fixture.rollouts.count)
        let runner = runner(model)
        for expected in model.fixture.cases(.direct) {
            var specification = specification(expected)
            specification.measuresKL = true
            let found = try runner.run(
                model.completions(), specification, policies, temperature: expected.temperature
            ) { true }
            let gradient = model.layout().values(expected.gradient).map { $0 * count }
            #expect(relativeError(found.sum, gradient) < 2e-4)
            #expect(abs(found.policyLoss / count - expected.policy_loss) < 1e-4 * abs(expected.policy_loss))
            let kl = try #require(found.kl)
            #expect(abs(kl / count - expected.kl) < 1e-4 * expected.kl)
        }
    }

    @Test("comes in the layout of the expert, whichever weights it adapts", arguments: TargetModules.allCases)
    func layouts(targets: TargetModules) throws {
        let model = try ReferenceModel()
        let all = try #require(model.fixture.cases(.direct).first { $0.coefficient > 0 })
        let found = try runner(model).run(
            model.completions(), specification(all), model.policies(model.vector(targets)), temperature: 1
        ) { true }
        #expect(found.sum.count == model.layout(targets).count)
        #expect(found.kl ?? 0 > 0)
    }

    @Test("of a part of the weights is that part of the whole gradient")
    func partOfTheWeights() throws {
        let model = try ReferenceModel()
        let expected = try #require(model.fixture.cases(.direct).first)
        let entries = Array(model.layout().entries[3...5])
        let part = ExpertVector(layout: ExpertLayout(entries: entries), repeating: 1)
        let whole = ExpertVector(layout: model.layout(), repeating: 1)
        let runner = runner(model)
        func gradient(_ vector: ExpertVector) throws -> [Float] {
            try runner.run(
                model.completions(), specification(expected), model.policies(vector), temperature: 1
            ) { true }.sum
        }
        let all = ExpertVector(layout: model.layout(), values: try gradient(whole))
        #expect(try gradient(part) == (3...5).flatMap { Array(all[entry: $0]) })
    }

    @Test("adds up: the gradients of two units are the gradient of both")
    func sum() throws {
        let model = try ReferenceModel()
        let policies = model.policies(model.vector())
        let expected = try #require(model.fixture.cases(.direct).last)
        let runner = runner(model)
        let completions = model.completions()
        var specification = specification(expected)
        specification.measuresKL = true
        func run(_ range: Range<Int>) throws -> (sum: [Float], kl: Double, policyLoss: Double) {
            let found = try runner.run(
                Array(completions[range]), specification, policies, temperature: expected.temperature
            ) { true }
            return (found.sum, try #require(found.kl), found.policyLoss)
        }
        let (first, second, both) = (try run(0..<2), try run(2..<5), try run(0..<5))
        #expect(relativeError(both.sum, zip(first.sum, second.sum).map { Double($0) + Double($1) }) < 1e-5)
        #expect(abs(first.kl + second.kl - both.kl) < 1e-5 * both.kl)
        #expect(abs(first.policyLoss + second.policyLoss - both.policyLoss) < 1e-5 * abs(both.policyLoss))
    }

    @Test("measures how far training's log-probabilities are from sampling's", arguments: [Float(0), 0.5])
    func logProbabilityDifference(shift: Float) throws {
        let model = try ReferenceModel()
        // The fixture's are those of the base model at temperature 1.
        let base = ExpertVector(layout: model.layout(), repeating: 1)
        var sampled = model.fixture.log_probabilities
        sampled[3][7] -= shift
        var specification = specification(model.fixture.cases(.direct)[0])
        specification.measuresKL = true
        let found = try runner(model).run(
            model.completions(logProbabilities: sampled, advantages: model.fixture.rollouts.map { _ in 0 }),
            specification, model.policies(base), temperature: 1
        ) { true }
        #expect(abs(found.largestLogProbabilityDifference - shift) < 1e-4)
        // Nothing weighs it, and it is measured all the same.
        #expect(abs(try #require(found.kl)) < 1e-4)
        #expect(found.sum.allSatisfy { abs($0) < 1e-6 })
    }

    @Test("is the same to the bit with and without a divergence that weighs nothing; only then the reference is run")
    func withoutReference() throws {
        let model = try ReferenceModel()
        let transformer = Transformer(model.engine.adapters.base)
        let runner = GradientRunner(transformer)
        var passes: [Int] = []
        var found: [UnitGradient] = []
        for measuresKL in [false, true] {
            var layers = 0
            transformer.onLayer = { layers += 1 }
            let specification = GradientSpecification(
                advantage: .none, klCoefficient: 0, klDirection: .referencePolicy, measuresKL: measuresKL)
            #expect(specification.needsReference == measuresKL)
            found.append(
                try runner.run(
                    model.completions(), specification, model.policies(model.vector()), temperature: 0.7
                ) { true })
            passes.append(layers / model.folder.configuration.layerCount)
        }
        #expect(found[0].kl == nil)
        #expect(try #require(found[1].kl) > 0)
        #expect(found[0].sum.map(\.bitPattern) == found[1].sum.map(\.bitPattern))
        #expect(found[0].policyLoss == found[1].policyLoss)
        #expect(found[0].largestLogProbabilityDifference == found[1].largestLogProbabilityDifference)
        #expect(passes[0] * 3 == passes[1] * 2, "forward and backward, or both and the reference's forward: \(passes)")
    }

    @Test("is refused when it is not finite")
    func nonFinite() throws {
        let model = try ReferenceModel()
        var advantages = model.fixture.rollouts.map(\.advantage)
        advantages[2] = .infinity
        let error = #expect(throws: UnitError.self) {
            _ = try runner(model).run(
                model.completions(advantages: advantages), specification(model.fixture.cases(.direct)[0]),
                model.policies(model.vector()), temperature: 1
            ) { true }
        }
        #expect(error?.category == .nonFinite)
        #expect(
            error?.description.hasSuffix(
                "Start a new run with a lower learning-rate or kl-coefficient in another --run-dir.") == true)
    }

    @Test("is not finished when it is no longer wanted")
    func cancelled() throws {
        let model = try ReferenceModel()
        #expect(throws: UnitError.cancelled) {
            _ = try runner(model).run(
                model.completions(), specification(model.fixture.cases(.direct)[0]), model.policies(model.vector()),
                temperature: 1
            ) { false }
        }
    }
}
