import T2Core

extension RunConfiguration {
    /// Checks before a run the values of all keys that learning uses: advantage, samples-per-prompt, prompts-per-unit,
    /// prompts-per-step, kl-*, learning-rate, schedule, steps, warm-up-steps, adam-*, weight-decay, clip-norm and
    /// patience.
    ///
    /// - Throws: `LearningError.configuration`, which names the keys whose values learning cannot use.
    package func validateLearning() throws(LearningError) {
        try Advantage.validate(
            kind: advantage, samplesPerPrompt: samplesPerPrompt, promptsPerUnit: promptsPerUnit,
            promptsPerStep: promptsPerStep)
        _ = try PolicyGradientLoss(klCoefficient: klCoefficient, klDirection: klDirection, klEstimator: klEstimator)
        _ = try ParameterUpdate(parameterisation: .direct(ExpertLayout(entries: [])), configuration: self)
        _ = try EarlyStopping(patience: patience)
    }
}
