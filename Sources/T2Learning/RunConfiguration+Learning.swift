import T2Core

extension RunConfiguration {
    /// Refuses, before anything is computed, every value of these keys that learning would refuse later: advantage,
    /// samples-per-prompt, prompts-per-unit, kl-*, learning-rate, steps, warm-up-steps, adam-*, weight-decay, clip-norm.
    ///
    /// - Throws: `LearningError.configuration` naming the keys.
    package func validateLearning() throws(LearningError) {
        try Advantage.validate(
            kind: advantage, samplesPerPrompt: samplesPerPrompt, promptsPerUnit: promptsPerUnit,
            promptsPerStep: promptsPerStep)
        _ = try PolicyGradientLoss(klCoefficient: klCoefficient, klDirection: klDirection, klEstimator: klEstimator)
        _ = try ParameterUpdate(parameterisation: .direct(ExpertLayout(entries: [])), configuration: self)
        _ = try EarlyStopping(patience: patience)
    }
}
