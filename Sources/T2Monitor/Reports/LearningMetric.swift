import T2Jobs

/// A number that describes an update or an evaluation: a gauge of `/metrics` and a scalar of TensorBoard.
package struct LearningMetric<Row>: Sendable {
    package let name: String
    package let unit: String
    /// The formula or the meaning, as the README's table has it.
    package let formula: String
    package let value: @Sendable (Row) -> Double?

    init(_ name: String, _ unit: String, _ formula: String, _ value: @escaping @Sendable (Row) -> Double?) {
        self.name = name
        self.unit = unit
        self.formula = formula
        self.value = value
    }
}

/// The tables of learning metrics.
package enum LearningMetrics {
    package static let training: [LearningMetric<StepMetrics>] = [
        .init("reward_mean", "1", "mean reward of the step's sequences, −1…1") { $0.rewardMean },
        .init("accuracy", "ratio", "right / sequences") { $0.accuracy },
        .init("wrong_share", "ratio", "wrong / sequences") { share($0.wrong, $0) },
        .init("no_answer_share", "ratio", "sequences without an answer in the requested form / sequences") {
            share($0.noAnswer, $0)
        },
        .init("cut_off_share", "ratio", "sequences that reached max-tokens before an answer / sequences") {
            share($0.cutOff, $0)
        },
        .init("missing_rewards", "count", "rewards missing at the first attempt; all were judged again") {
            Double($0.missing.values.reduce(0, +))
        },
        .init("kl", "nats per token", "mean KL divergence from the base model, before the coefficient") { $0.kl },
        .init("policy_loss", "nats", "mean of −A·log π(completion)") { $0.policyLoss },
        .init("gradient_norm", "1", "‖∂L/∂p‖₂ before clipping") { $0.gradientNorm },
        .init("learning_rate", "1", "AdamW's step size") { $0.learningRate },
        .init("equal_reward_groups", "count", "prompts whose samples all had the same reward") {
            Double($0.equalRewardGroups)
        },
        .init("completion_tokens_mean", "tokens", "completion tokens / sequences") { $0.completionTokensMean },
        .init("tokens_per_second", "tokens/s", "completion tokens of the step / its seconds") { $0.tokensPerSecond },
        .init("seconds", "s", "wall-clock time of the step: collect + update + checkpoint") { $0.seconds },
        .init("collect_seconds", "s", "time from handing out the first unit to accepting the last") {
            $0.collectSeconds
        },
        .init("workers", "count", "workers at the end of the step") { Double($0.workers) },
        .init("units_leased_twice", "count", "units that were leased more than once") {
            Double($0.unitsHandedOutTwice)
        },
        .init("unit_failures", "count", "failed attempts other than missing rewards") { Double($0.failures) },
        .init(
            "log_probability_difference", "nats", "largest difference of log π(sampling) and log π(training) of a token"
        ) {
            $0.largestLogProbabilityDifference
        },
    ]

    package static let validation: [LearningMetric<EvaluationMetrics>] = [
        .init("accuracy", "ratio", "correct / problems of the validation split, greedy") { $0.accuracy },
        .init("accuracy_lower", "ratio", "lower bound of the Wilson 95 % interval") { $0.lower },
        .init("accuracy_upper", "ratio", "upper bound of the Wilson 95 % interval") { $0.upper },
        .init("best_accuracy", "ratio", "best accuracy so far") { $0.bestAccuracy },
        .init("no_answer_share", "ratio", "answers without the requested form, or cut off / problems") {
            $0.noAnswerShare
        },
    ]

    private static func share(_ count: Int, _ step: StepMetrics) -> Double {
        Double(count) / Double(max(1, step.sequences))
    }
}
