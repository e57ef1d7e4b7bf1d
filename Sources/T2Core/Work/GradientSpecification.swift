/// The settings that a worker needs, besides rollouts, to compute a unit's gradient sum.
package struct GradientSpecification: Sendable, Equatable, Codable {
    package var advantage: AdvantageKind
    /// The mean reward of past steps; used by `running-mean` alone.
    package var runningMeanReward: Float
    package var klCoefficient: Float
    package var klDirection: KLDirection
    package var klEstimator: KLEstimator
    /// Whether the divergence is measured even if its coefficient is 0, for one forward pass of the reference model.
    package var measuresKL: Bool

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
