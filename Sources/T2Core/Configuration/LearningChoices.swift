/// The baseline (and scale) of a reward before it weighs a log-probability. A worker can compute each kind from a unit
/// and its lease, so results carry only sums.
package enum AdvantageKind: String, Sendable, Codable, CaseIterable {
    /// The reward itself.
    case none
    /// The reward minus the mean reward of past steps, which the lease carries.
    case runningMean = "running-mean"
    /// The reward minus the mean of the unit's other samples (leave-one-out).
    case unitMean = "unit-mean"
    /// The reward minus the mean of the same prompt's other samples (leave-one-out): RLOO, arXiv 2402.14740.
    case groupMean = "group-mean"
    /// The reward minus the group's mean, divided by the group's standard deviation: GRPO, arXiv 2402.03300.
    case groupNormalized = "group-normalized"
}

/// The direction of the Kullback–Leibler penalty.
package enum KLDirection: String, Sendable, Codable, CaseIterable {
    /// KL(policy ‖ reference), as in the paper.
    case policyReference = "policy-reference"
    /// KL(reference ‖ policy), as in the reference implementation.
    case referencePolicy = "reference-policy"
}

/// The estimator of a token's divergence.
package enum KLEstimator: String, Sendable, Codable, CaseIterable {
    /// The sum over the full vocabulary.
    case exact
    /// log π − log π_ref of the sampled token.
    case k1
    /// Half the square of k1.
    case k2
    /// exp(−k1) − 1 + k1.
    case k3
}

/// The form in which the optimizer holds z.
package enum ParameterisationKind: String, Sendable, Codable, CaseIterable {
    /// z = p.
    case direct
    /// z = κ·sigmoid(p). κ keeps each matrix's nuclear norm, so a factor c_max before the sigmoid would cancel.
    case sigmoid
}

/// The course of the learning rate after the warm-up.
package enum LearningRateSchedule: String, Sendable, Codable, CaseIterable {
    case constant
    case linear
    case cosine
}
