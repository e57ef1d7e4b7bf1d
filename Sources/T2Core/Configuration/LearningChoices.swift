/// What is subtracted from (and divides) a reward before it weighs a log-probability. Every kind is known where the unit
/// is computed, so that only sums travel.
package enum AdvantageKind: String, Sendable, Codable, CaseIterable {
    /// The reward itself.
    case none
    /// Minus the mean reward of past steps, which travels with the lease.
    case runningMean = "running-mean"
    /// Minus the mean of the unit's other samples (leave-one-out).
    case unitMean = "unit-mean"
    /// Minus the mean of the same prompt's other samples (leave-one-out): RLOO, arXiv 2402.14740.
    case groupMean = "group-mean"
    /// Minus the group's mean, divided by its standard deviation: GRPO, arXiv 2402.03300.
    case groupNormalized = "group-normalized"
}

/// Which of the two Kullback–Leibler divergences is the penalty.
package enum KLDirection: String, Sendable, Codable, CaseIterable {
    /// KL(policy ‖ reference), as the paper writes it.
    case policyReference = "policy-reference"
    /// KL(reference ‖ policy), as the reference implementation computes it.
    case referencePolicy = "reference-policy"
}

/// How the divergence of a token is computed.
package enum KLEstimator: String, Sendable, Codable, CaseIterable {
    /// Over the full vocabulary.
    case exact
    /// log π − log π_ref of the sampled token.
    case k1
    /// Half its square.
    case k2
    /// exp(−k1) − 1 + k1.
    case k3
}

/// The form in which the optimizer holds z.
package enum ParameterisationKind: String, Sendable, Codable, CaseIterable {
    /// z = p.
    case direct
    /// z = κ·sigmoid(p), κ keeping each matrix's nuclear norm (so that a factor c_max before the sigmoid would cancel).
    case sigmoid
}

/// How the learning rate moves after the warm-up.
package enum LearningRateSchedule: String, Sendable, Codable, CaseIterable {
    case constant
    case linear
    case cosine
}

/// What a worker needs besides rollouts to compute a unit's gradient sum.
package struct GradientSpecification: Sendable, Equatable, Codable {
    package var advantage: AdvantageKind
    /// The mean reward of past steps; used by `running-mean` alone.
    package var runningMeanReward: Float
    package var klCoefficient: Float
    package var klDirection: KLDirection
    package var klEstimator: KLEstimator
    /// Whether the divergence is measured where its coefficient is 0: that costs a forward pass of the reference model.
    package var measuresKL: Bool

    /// Whether the reference model must be run.
    package var needsReference: Bool { klCoefficient > 0 || measuresKL }

    package init(
        advantage: AdvantageKind, runningMeanReward: Float = 0, klCoefficient: Float = 0,
        klDirection: KLDirection = .policyReference, klEstimator: KLEstimator = .exact, measuresKL: Bool = false
    ) {
        self.measuresKL = measuresKL
        self.advantage = advantage
        self.runningMeanReward = runningMeanReward
        self.klCoefficient = klCoefficient
        self.klDirection = klDirection
        self.klEstimator = klEstimator
    }
}
