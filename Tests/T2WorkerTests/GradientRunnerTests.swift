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
            klDirection: expected.direction,
            klEstimator: .exact, measuresKL: true)
    }

    @Test("is PyTorch's, with its loss and KL, summed over the completions", arguments: ModelFixture.names)
    func agreesWithPyTorch(name: String) throws {
        let model = try ReferenceModel(name)
        let policy = model.set(model.policy())
        let count = Double(model.fixture.rollouts.count)
        let runner = model.gradients
        for expected in model.fixture.cases(.direct) {
            let found = try runner.run(
                model.completions(), specification(expected), policy,
                temperature: expected.temperature
            ) { true }
            let gradient = model.layout().values(expected.gradient).map { $0 * count }
            #expect(relativeError(found.sum, gradient) < 2e-4)
            #expect(abs(found.policyLoss / count - expected.policy_loss) < 1e-4 * abs(expected.policy_loss))
            #expect(abs(found.measuredKL / count - expected.kl) < 1e-4 * expected.kl)
        }
    }

    @Test("comes in the layout of the expert, whichever weights it adapts", arguments: TargetModules.allCases)
    func adaptations(targets: TargetModules) throws {
        let model = try ReferenceModel()
        let runner = model.gradients
        let all = try #require(model.fixture.cases(.direct).first { $0.coefficient > 0 })
        let found = try runner.run(
            model.completions(), specification(all),
            model.set(model.policy(targets)), temperature: 1
        ) { true }
        #expect(found.sum.count == model.layout(targets).count)
        #expect(found.measuredKL > 0)
    }

    @Test("of a part of the weights is that part of the whole gradient")
    func layoutOfNoAdaptation() throws {
        let model = try ReferenceModel()
        let runner = model.gradients
        let expected = try #require(model.fixture.cases(.direct).first)
        let entries = Array(model.layout().entries[3...5])
        let part = ExpertVector(layout: ExpertLayout(entries: entries), repeating: 1)
        let whole = ExpertVector(layout: model.layout(), repeating: 1)
        func gradient(_ vector: ExpertVector) throws -> [Float] {
            try runner.run(
                model.completions(), specification(expected),
                model.set(.svf(vector)), temperature: 1
            ) { true }.sum
        }
        let all = ExpertVector(layout: model.layout(), values: try gradient(whole))
        #expect(try gradient(part) == (3...5).flatMap { Array(all[entry: $0]) })
    }

    @Test("adds up: the gradients of two units are the gradient of both")
    func sum() throws {
        let model = try ReferenceModel()
        let policy = model.set(model.policy())
        let expected = try #require(model.fixture.cases(.direct).last)
        let runner = model.gradients
        let completions = model.completions()
        func run(_ range: Range<Int>) throws -> UnitGradient {
            try runner.run(
                Array(completions[range]), specification(expected), policy,
                temperature: expected.temperature
            ) { true }
        }
        let (first, second, both) = (try run(0..<2), try run(2..<5), try run(0..<5))
        #expect(relativeError(both.sum, zip(first.sum, second.sum).map { Double($0) + Double($1) }) < 1e-5)
        #expect(abs(first.measuredKL + second.measuredKL - both.measuredKL) < 1e-5 * both.measuredKL)
        #expect(abs(first.policyLoss + second.policyLoss - both.policyLoss) < 1e-5 * abs(both.policyLoss))
    }

    @Test("measures how far training's log-probabilities are from sampling's", arguments: [Float(0), 0.5])
    func logProbabilityDifference(shift: Float) throws {
        let model = try ReferenceModel()
        // The fixture's are those of the base model at temperature 1.
        let base = ExpertVector(layout: model.layout(), repeating: 1)
        var sampled = model.fixture.log_probabilities
        sampled[3][7] -= shift
        let found = try model.gradients.run(
            model.completions(logProbabilities: sampled, advantages: sampled.map { _ in 0 }),
            specification(model.fixture.cases(.direct)[0]), model.set(.svf(base)), temperature: 1
        ) { true }
        #expect(abs(found.largestLogProbabilityDifference - shift) < 1e-4)
        // Nothing weighs it, and it is measured all the same.
        #expect(abs(found.measuredKL) < 1e-4)
        #expect(found.sum.allSatisfy { abs($0) < 1e-6 })
    }

    @Test("is refused when it is not finite")
    func nonFinite() throws {
        let model = try ReferenceModel()
        var advantages = model.fixture.rollouts.map(\.advantage)
        advantages[2] = .infinity
        let error = #expect(throws: UnitError.self) {
            _ = try model.gradients.run(
                model.completions(advantages: advantages), specification(model.fixture.cases(.direct)[0]),
                model.set(model.policy()),
                temperature: 1
            ) { true }
        }
        #expect(error?.category == .nonFinite)
        #expect(
            error?.description.hasSuffix(
                "Start a new run with a lower learning-rate or kl-coefficient in another --run-dir.") == true)
    }

    @Test("ends early once its unit is not wanted")
    func cancelled() throws {
        let model = try ReferenceModel()
        #expect(throws: UnitError.cancelled) {
            _ = try model.gradients.run(
                model.completions(),
                specification(model.fixture.cases(.direct)[0]),
                model.set(model.policy()), temperature: 1
            ) { false }
        }
    }
}

extension UnitGradient {
    /// NaN where the reference model was not run, so that no comparison holds.
    fileprivate var measuredKL: Double { kl ?? .nan }
}
