import Foundation
import T2Core
import T2Learning
import T2TestSupport
import Testing

/// A row of logits, with its log-softmax in Float64 and in Float32.
private struct Row {
    let logits: [Double]
    let logProbabilities: [Double]
    var floats: [Float] { logProbabilities.map { Float($0) } }

    init(_ logits: [Double]) {
        self.logits = logits
        let largest = logits.max() ?? 0
        let normalizer = largest + log(logits.reduce(0) { $0 + exp($1 - largest) })
        logProbabilities = logits.map { $0 - normalizer }
    }

    init(random: inout SeededRandom, count: Int, scale: Double) {
        self.init((0..<count).map { _ in scale * random.nextNormal() })
    }

    func moved(_ index: Int, by distance: Double) -> Row {
        var moved = logits
        moved[index] += distance
        return Row(moved)
    }
}

/// The values of the table in `KLPenalty`, computed from logits in Float64.
private func divergence(_ penalty: KLPenalty, _ policy: Row, _ reference: Row, sampled: Int) -> Double {
    let d = policy.logProbabilities[sampled] - reference.logProbabilities[sampled]
    switch (penalty.direction, penalty.estimator) {
    case (.policyReference, .exact):
        return zip(policy.logProbabilities, reference.logProbabilities).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
    case (.referencePolicy, _):
        return zip(policy.logProbabilities, reference.logProbabilities).reduce(0) { $0 + exp($1.1) * ($1.1 - $1.0) }
    case (_, .k1): return d
    case (_, .k2): return d * d / 2
    case (_, .k3): return exp(-d) - 1 + d
    }
}

extension KLPenalty {
    fileprivate func rowGradient(
        _ policy: [Float], _ reference: [Float], sampled: Int, weight: Float = 1
    ) -> (value: Double, gradient: [Float]) {
        var gradient = [Float](repeating: 0, count: policy.count)
        let value = policy.withUnsafeBufferPointer { policy in
            reference.withUnsafeBufferPointer { reference in
                gradient.withUnsafeMutableBufferPointer { gradient in
                    evaluate(
                        policy: policy, reference: reference, sampled: sampled, weight: weight,
                        addingGradientTo: gradient)
                }
            }
        }
        return (value, gradient)
    }
}

@Suite("KL penalty of a token")
struct KLPenaltyTests {
    private struct Case: Decodable {
        let policy, reference: [Float]
        let sampled: Int
        let direction: KLDirection
        let estimator: KLEstimator
        let value: Double
        let gradient: [Double]
        let advantage, coefficient: Float
        let policyLoss: Double
        let lossGradient: [Double]
    }

    private func cases(_ direction: KLDirection, _ estimator: KLEstimator) throws -> [Case] {
        let all: [Case] = try Fixture.read("divergence")
        let cases = all.filter { $0.direction == direction && $0.estimator == estimator }
        try #require(cases.count == 7)
        return cases
    }

    static let combinations: [(KLDirection, KLEstimator)] =
        KLEstimator.allCases.map { (.policyReference, $0) } + [(.referencePolicy, .exact)]

    @Test("agrees with PyTorch's autograd to 2e-6, value and gradient", arguments: combinations)
    func autograd(direction: KLDirection, estimator: KLEstimator) throws {
        let penalty = try KLPenalty(direction: direction, estimator: estimator)
        for fixture in try cases(direction, estimator) {
            let (value, gradient) = penalty.rowGradient(fixture.policy, fixture.reference, sampled: fixture.sampled)
            // With a distant reference, k2 and k3 are large. Their error comes from the rounded log-ratio, so it is
            // relative.
            let scale = max(1, abs(fixture.value), fixture.gradient.reduce(0) { max($0, abs($1)) })
            #expect(abs(value - fixture.value) < 2e-6 * scale)
            #expect(largestDifference(gradient, fixture.gradient) < 2e-6 * scale)
        }
    }

    @Test(
        "agrees in the loss of a token with PyTorch's autograd to 2e-6",
        arguments: combinations.filter { $0.1 != .k1 })
    func lossAutograd(direction: KLDirection, estimator: KLEstimator) throws {
        for fixture in try cases(direction, estimator) {
            let loss = try PolicyGradientLoss(
                klCoefficient: fixture.coefficient, klDirection: direction, klEstimator: estimator)
            var gradient = [Float](repeating: 0.5, count: fixture.policy.count)
            let terms = fixture.policy.withUnsafeBufferPointer { policy in
                fixture.reference.withUnsafeBufferPointer { reference in
                    gradient.withUnsafeMutableBufferPointer {
                        loss.evaluate(
                            policy: policy, reference: reference, sampled: fixture.sampled,
                            advantage: fixture.advantage,
                            addingGradientTo: $0)
                    }
                }
            }
            let scale = max(1, fixture.lossGradient.reduce(0) { max($0, abs($1)) }, abs(fixture.value))
            #expect(abs(terms.policyLoss - fixture.policyLoss) < 2e-6 * max(1, abs(fixture.policyLoss)))
            #expect(abs(terms.kl - fixture.value) < 2e-6 * scale)
            #expect(largestDifference(gradient.map { $0 - 0.5 }, fixture.lossGradient) < 2e-6 * scale)
        }
    }

    @Test("has the gradient of central differences", arguments: combinations)
    func finiteDifferences(direction: KLDirection, estimator: KLEstimator) throws {
        var random = SeededRandom(seed: 11)
        let penalty = try KLPenalty(direction: direction, estimator: estimator)
        for count in [3, 8, 21] {
            let policy = Row(random: &random, count: count, scale: 1)
            let reference = Row(random: &random, count: count, scale: 1)
            let sampled = Int(random.next32()) % count
            let gradient = penalty.rowGradient(policy.floats, reference.floats, sampled: sampled, weight: 0.5).gradient
            let step = 1e-5
            let expected = (0..<count).map { index in
                0.5
                    * (divergence(penalty, policy.moved(index, by: step), reference, sampled: sampled)
                        - divergence(penalty, policy.moved(index, by: -step), reference, sampled: sampled)) / (2 * step)
            }
            let scale = max(1, expected.reduce(0) { max($0, abs($1)) })
            #expect(largestDifference(gradient, expected) < 2e-6 * scale)
        }
    }

    @Test("is zero with a zero gradient where policy and reference are the same row", arguments: combinations)
    func sameRow(direction: KLDirection, estimator: KLEstimator) throws {
        var random = SeededRandom(seed: 12)
        let row = Row(random: &random, count: 100, scale: 3).floats
        let penalty = try KLPenalty(direction: direction, estimator: estimator)
        let (value, gradient) = penalty.rowGradient(row, row, sampled: 42)
        #expect(value == 0)
        #expect(estimator == .k1 || gradient.allSatisfy { $0 == 0 })
    }

    @Test(
        "has a gradient whose entries sum to zero, since adding a constant to all logits changes nothing",
        arguments: combinations)
    func shiftInvariance(direction: KLDirection, estimator: KLEstimator) throws {
        var random = SeededRandom(seed: 13)
        let penalty = try KLPenalty(direction: direction, estimator: estimator)
        let policy = Row(random: &random, count: 914, scale: 2).floats
        let reference = Row(random: &random, count: 914, scale: 2).floats
        let gradient = penalty.rowGradient(policy, reference, sampled: 7).gradient
        let size = gradient.reduce(0) { $0 + abs($1) }
        #expect(size > 0)
        #expect(abs(gradient.reduce(0) { $0 + Double($1) }) < 1e-5 * Double(max(1, size)))
    }

    @Test("has the documented averages for sampled estimators", arguments: [KLEstimator.k1, .k2, .k3])
    func expectation(estimator: KLEstimator) throws {
        var random = SeededRandom(seed: 14)
        let policy = Row(random: &random, count: 40, scale: 1)
        let reference = Row(random: &random, count: 40, scale: 1)
        let penalty = try KLPenalty(direction: .policyReference, estimator: estimator)
        var value = 0.0
        var gradient = [Float](repeating: 0, count: 40)
        for token in 0..<40 {
            let probability = exp(policy.logProbabilities[token])
            let row = penalty.rowGradient(policy.floats, reference.floats, sampled: token, weight: Float(probability))
            value += probability * row.value
            for index in 0..<40 { gradient[index] += row.gradient[index] }
        }
        let forward = try KLPenalty(direction: .policyReference, estimator: .exact)
            .rowGradient(policy.floats, reference.floats, sampled: 0)
        let reverse = try KLPenalty(direction: .referencePolicy, estimator: .exact)
            .rowGradient(policy.floats, reference.floats, sampled: 0)
        if estimator != .k2 { #expect(abs(value - forward.value) < 1e-6) }
        let expected =
            switch estimator {
            case .k1, .exact: [Double](repeating: 0, count: 40)
            case .k2: forward.gradient.map(Double.init)
            case .k3: reverse.gradient.map(Double.init)
            }
        #expect(largestDifference(gradient, expected) < 2e-6)
    }

    @Test("refuses k1 as a penalty, because its mean gradient is zero, and reports it with λ = 0")
    func measureAlone() throws {
        let error = #expect(throws: LearningError.self) {
            try PolicyGradientLoss(klCoefficient: 0.1, klDirection: .policyReference, klEstimator: .k1)
        }
        let message = try #require(error?.description)
        #expect(message.hasPrefix("kl-coefficient, kl-estimator: 'k1' with a coefficient of 0.1 penalises nothing"))
        for remedy in ["exact", "k2", "k3"] { #expect(message.contains(remedy)) }
        #expect(error?.exitStatus == .configuration)
        let loss = try PolicyGradientLoss(klCoefficient: 0, klDirection: .policyReference, klEstimator: .k1)
        let rows = (policy: Row([0, 1, 2]), reference: Row([1, 1, 1]))
        var gradient = [Float](repeating: 0, count: 3)
        let terms = rows.policy.floats.withUnsafeBufferPointer { policy in
            rows.reference.floats.withUnsafeBufferPointer { reference in
                gradient.withUnsafeMutableBufferPointer {
                    loss.evaluate(
                        policy: policy, reference: reference, sampled: 2, advantage: 0, addingGradientTo: $0)
                }
            }
        }
        let expected = rows.policy.logProbabilities[2] - rows.reference.logProbabilities[2]
        #expect(abs(terms.kl - expected) < 1e-6)
        #expect(gradient == [0, 0, 0])
    }

    @Test(
        "refuses to estimate KL(reference ‖ policy) from the policy's samples", arguments: [KLEstimator.k1, .k2, .k3])
    func refused(estimator: KLEstimator) {
        let error = #expect(throws: LearningError.self) {
            try KLPenalty(direction: .referencePolicy, estimator: estimator)
        }
        #expect(error?.description.hasPrefix("kl-direction, kl-estimator: '\(estimator.rawValue)'") == true)
        #expect(error?.exitStatus == .configuration)
    }
}
