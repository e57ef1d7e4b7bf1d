import Foundation
import T2Core
import T2Learning
import T2TestSupport
import Testing

@Suite("Policy-gradient loss of a token")
struct PolicyGradientLossTests {
    private let policy: [Float] = [0.7, 0.2, 0.1].map { Float(log($0)) }
    private let reference: [Float] = [0.5, 0.3, 0.2].map { Float(log($0)) }

    private func evaluate(
        _ loss: PolicyGradientLoss, advantage: Float, withReference: Bool
    ) -> (PolicyGradientLoss.TokenLoss, [Float]) {
        var gradient: [Float] = [0, 0, 0]
        let terms = policy.withUnsafeBufferPointer { policy in
            reference.withUnsafeBufferPointer { reference in
                gradient.withUnsafeMutableBufferPointer {
                    loss.evaluate(
                        policy: policy, reference: withReference ? reference : nil, sampled: 1, advantage: advantage,
                        addingGradientTo: $0)
                }
            }
        }
        return (terms, gradient)
    }

    @Test("raises the sampled token's logit for a positive advantage")
    func direction() throws {
        let loss = try PolicyGradientLoss(klCoefficient: 0, klDirection: .policyReference, klEstimator: .exact)
        let (terms, gradient) = evaluate(loss, advantage: 2, withReference: false)
        #expect(abs(terms.policyLoss + 2 * log(0.2)) < 1e-6)
        #expect(terms.kl == 0)
        #expect(largestDifference(gradient, [1.4, -1.6, 0.2]) < 1e-6)
    }

    @Test("reports the divergence without a gradient when its coefficient is 0")
    func reportOnly() throws {
        let loss = try PolicyGradientLoss(klCoefficient: 0, klDirection: .policyReference, klEstimator: .exact)
        #expect(!loss.needsReference)
        let (terms, gradient) = evaluate(loss, advantage: 0, withReference: true)
        let expected = 0.7 * log(0.7 / 0.5) + 0.2 * log(0.2 / 0.3) + 0.1 * log(0.1 / 0.2)
        #expect(abs(terms.kl - expected) < 1e-6)
        #expect(gradient == [0, 0, 0])
    }

    @Test(
        "is refused with a coefficient that is not a finite number of 0 or more",
        arguments: [-0.1, Float.nan, .infinity])
    func coefficient(value: Float) {
        let error = #expect(throws: LearningError.self) {
            try PolicyGradientLoss(klCoefficient: value, klDirection: .policyReference, klEstimator: .exact)
        }
        #expect(error?.description.hasPrefix("kl-coefficient: is \(value)") == true)
    }
}
