import Synchronization
import T2Core
import T2Engine
import T2Learning
import T2Model

/// The loss L = −(1/B) Σ A log π + (λ/B) Σ KL of B rollouts, and its gradient.
struct RolloutGradient: Sendable {
    /// ∂L/∂z.
    let gradient: ExpertVector
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

    /// - Parameter progress: called from any thread with the number of finished rollouts and their total.
    init(
        _ rollouts: RolloutFile, _ adapter: any Adapter, z: ExpertVector, temperature: Float, loss: PolicyGradientLoss,
        lanes: LanePool, progress: @escaping @Sendable (Int, Int) -> Void
    ) throws {
        let count = rollouts.sequences.count
        let finished = Mutex(0)
        let starts = Array(stride(from: 0, to: count, by: Self.rolloutsPerPart))
        let parts = try lanes.map(starts) { lane, _, start in
            let sequences = rollouts.sequences[start..<min(start + Self.rolloutsPerPart, count)]
            var part = Part()
            part.sum = PolicyGradient(lane.transformer, adapter).run(
                Array(sequences), z: z, temperature: temperature
            ) { token in
                loss.evaluate(
                    policy: token.policy, reference: token.reference, sampled: Int(token.token),
                    advantage: rollouts.advantages[start + token.sequence], addingGradientTo: token.gradient)
            } collect: { _, _, loss in
                part.policyLoss += loss.policyLoss
                part.kl += loss.kl
            }
            let done = finished.withLock { done in
                done += sequences.count
                return done
            }
            progress(done, count)
            return part
        }
        var sum = [Double](repeating: 0, count: adapter.layout.count)
        for part in parts { for (index, value) in part.sum.enumerated() { sum[index] += Double(value) } }
        gradient = ExpertVector(layout: adapter.layout, values: sum.map { Float($0 / Double(count)) })
        policyLoss = parts.reduce(0) { $0 + $1.policyLoss } / Double(count)
        kl = parts.reduce(0) { $0 + $1.kl } / Double(count)
    }
}
