import T2Engine
import T2Core
import T2Learning
import T2Model

/// The loss L = −(1/B) Σ A log π + (λ/B) Σ KL of B rollouts, and its gradient.
struct RolloutGradient: Sendable {
    /// ∂L/∂z, flat, in the adapter's layout.
    let gradient: [Float]
    /// −(1/B) Σ A log π.
    let policyLoss: Double
    /// (1/B) Σ KL, nats, before the coefficient.
    let kl: Double

    private struct Part: Sendable {
        var sum: [Float] = []
        var policyLoss = 0.0
        var kl = 0.0
    }

    /// The number of rollouts in one part. It is fixed, so that the lane count changes no bit of the sum.
    private static let rolloutsPerPart = 16

    init(
        _ rollouts: RolloutFile, _ adapter: any Adapter, z: ExpertVector, temperature: Float, loss: PolicyGradientLoss,
        lanes: LanePool,
        progress: @escaping @Sendable (Int) -> Void
    ) throws {
        let count = rollouts.sequences.count
        let starts = Array(stride(from: 0, to: count, by: Self.rolloutsPerPart))
        let parts = try lanes.map(starts) { lane, _, start in
            let range = start..<min(start + Self.rolloutsPerPart, count)
            defer { progress(range.count) }
            return Self.part(
                Array(rollouts.sequences[range]), Array(rollouts.advantages[range]),
                PolicyGradient(lane.transformer, adapter), z,
                temperature, loss)
        }
        var sum = [Double](repeating: 0, count: adapter.layout.count)
        for part in parts { for (index, value) in part.sum.enumerated() { sum[index] += Double(value) } }
        gradient = sum.map { Float($0 / Double(count)) }
        policyLoss = parts.reduce(0) { $0 + $1.policyLoss } / Double(count)
        kl = parts.reduce(0) { $0 + $1.kl } / Double(count)
    }

    private static func part(
        _ sequences: [ScoredSequence], _ advantages: [Float], _ gradient: PolicyGradient, _ z: ExpertVector,
        _ temperature: Float,
        _ loss: PolicyGradientLoss
    ) -> Part {
        var part = Part()
        part.sum = gradient.run(sequences, z: z, temperature: temperature) { token in
            let found = loss.evaluate(
                policy: token.policy, reference: token.reference, sampled: Int(token.token),
                advantage: advantages[token.sequence], addingGradientTo: token.gradient)
            part.policyLoss += found.policyLoss
            part.kl += found.kl
        }
        return part
    }
}
