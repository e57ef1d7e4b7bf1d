import T2Core
import T2Model
import T2TestSupport
import Testing

@testable import T2Worker

@Suite("A unit's gradient")
struct GradientRunnerTests {
    private func specification(_ expected: ModelFixture.Case) -> GradientSpecification {
        GradientSpecification(
            advantage: .none, runningMeanReward: 0, klCoefficient: expected.coefficient,
            klDirection: expected.direction,
            klEstimator: .exact)
    }

    @Test("is PyTorch's, with its loss and KL, summed over the rollouts", arguments: ModelFixture.names)
    func agreesWithPyTorch(name: String) throws {
        let model = try ReferenceModel(name)
        let policy = model.policy(model.vector())
        let count = Double(model.fixture.rollouts.count)
        let runner = GradientRunner(Transformer(model.models.base))
        for expected in model.fixture.cases(.direct) {
            let found = try runner.run(
                model.rollouts(), advantages: model.fixture.rollouts.map(\.advantage), specification(expected), policy,
                temperature: expected.temperature
            ) { true }
            let gradient = model.layout().values(expected.gradient).map { $0 * count }
            #expect(relativeError(found.sum, gradient) < 2e-4)
            #expect(abs(found.policyLoss / count - expected.policy_loss) < 1e-4 * abs(expected.policy_loss))
            #expect(abs(found.kl / count - expected.kl) < 1e-4 * expected.kl)
        }
    }

    @Test("comes in the layout of the expert, whichever weights it adapts", arguments: TargetModules.allCases)
    func adaptations(targets: TargetModules) throws {
        let model = try ReferenceModel()
        let runner = GradientRunner(Transformer(model.models.base))
        let all = try #require(model.fixture.cases(.direct).first { $0.coefficient > 0 })
        let found = try runner.run(
            model.rollouts(), advantages: model.fixture.rollouts.map(\.advantage), specification(all),
            model.policy(model.vector(adaptation)), temperature: 1
        ) { true }
        #expect(found.sum.count == model.layout(adaptation).count)
        #expect(found.kl > 0)
    }

    @Test("of a part of the weights is that part of the whole gradient")
    func layoutOfNoAdaptation() throws {
        let model = try ReferenceModel()
        let runner = GradientRunner(Transformer(model.models.base))
        let expected = try #require(model.fixture.cases(.direct).first)
        let entries = Array(model.layout().entries[3...5])
        let part = ExpertVector(layout: ExpertLayout(entries: entries), repeating: 1)
        let whole = ExpertVector(layout: model.layout(), repeating: 1)
        func gradient(_ vector: ExpertVector) throws -> [Float] {
            try runner.run(
                model.rollouts(), advantages: model.fixture.rollouts.map(\.advantage), specification(expected),
                model.policy(vector), temperature: 1
            ) { true }.sum
        }
        let all = ExpertVector(layout: model.layout(), values: try gradient(whole))
        #expect(try gradient(part) == (3...5).flatMap { Array(all[entry: $0]) })
    }

    @Test("adds up: the gradients of two units are the gradient of both")
    func sum() throws {
        let model = try ReferenceModel()
        let policy = model.policy(model.vector())
        let expected = try #require(model.fixture.cases(.direct).last)
        let runner = GradientRunner(Transformer(model.models.base))
        let rollouts = model.rollouts()
        let advantages = model.fixture.rollouts.map(\.advantage)
        func run(_ range: Range<Int>) throws -> UnitGradient {
            try runner.run(
                Array(rollouts[range]), advantages: Array(advantages[range]), specification(expected), policy,
                temperature: expected.temperature
            ) { true }
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
        let found = try GradientRunner(Transformer(model.models.base)).run(
            model.rollouts(logProbabilities: sampled), advantages: model.fixture.rollouts.map { _ in 0 },
            specification(model.fixture.cases(.direct)[0]), model.policy(base), temperature: 1
        ) { true }
        #expect(abs(found.largestLogProbabilityDifference - shift) < 1e-4)
        // Nothing weighs it, and it is measured all the same.
        #expect(abs(found.kl) < 1e-4)
        #expect(found.sum.allSatisfy { abs($0) < 1e-6 })
    }

    @Test("is refused when it is not finite")
    func nonFinite() throws {
        let model = try ReferenceModel()
        var advantages = model.fixture.rollouts.map(\.advantage)
        advantages[2] = .infinity
        let error = #expect(throws: UnitError.self) {
            _ = try GradientRunner(Transformer(model.models.base)).run(
                model.rollouts(), advantages: advantages, specification(model.fixture.cases(.direct)[0]),
                model.policy(model.vector()),
                temperature: 1
            ) { true }
        }
        #expect(error?.category == "non-finite")
        #expect(
            error?.description.hasSuffix(
                "Start a new run with a lower learning-rate or kl-coefficient in another --run-dir.") == true)
    }

    @Test("is not finished when nobody wants it")
    func cancelled() throws {
        let model = try ReferenceModel()
        #expect(throws: UnitError.cancelled) {
            _ = try GradientRunner(Transformer(model.models.base)).run(
                model.rollouts(), advantages: model.fixture.rollouts.map(\.advantage),
                specification(model.fixture.cases(.direct)[0]),
                model.policy(model.vector()), temperature: 1
            ) { false }
        }
    }
}
