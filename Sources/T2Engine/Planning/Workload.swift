import T2Core
import T2Model

/// The work of one training step of SVF, as far as memory, time and bytes depend on it.
package struct Workload: Sendable, Equatable {
    package var promptsPerStep: Int
    package var samplesPerPrompt: Int
    package var promptsPerUnit: Int
    /// The tokens of a prompt, and of a completion, in the mean.
    package var promptTokens: Int
    package var newTokens: Int
    /// The most tokens that a completion may have.
    package var maxTokens: Int
    package var targets: TargetModules
    /// The share of steps that run the reference model, 0…1.
    package var referenceShare: Double

    /// - Parameter newTokens: half of the run's limit if nil.
    package init(_ configuration: RunConfiguration, promptTokens: Int, newTokens: Int? = nil) {
        promptsPerStep = configuration.promptsPerStep
        samplesPerPrompt = configuration.samplesPerPrompt
        promptsPerUnit = min(configuration.promptsPerUnit, configuration.promptsPerStep)
        self.promptTokens = promptTokens
        maxTokens = configuration.maxTokens
        self.newTokens = min(newTokens ?? (configuration.maxTokens + 1) / 2, configuration.maxTokens)
        targets = configuration.targetModules
        referenceShare =
            configuration.klCoefficient > 0
            ? 1 : configuration.reportKLEvery > 0 ? 1 / Double(configuration.reportKLEvery) : 0
    }

    package var units: Int { (promptsPerStep + promptsPerUnit - 1) / promptsPerUnit }
    package var completions: Int { promptsPerStep * samplesPerPrompt }
    package var completionsPerUnit: Int { promptsPerUnit * samplesPerPrompt }

    /// The completions of a unit that are sampled at a time.
    var slots: Int { min(Self.slots, completionsPerUnit) }
    /// The tokens of one pass that reads prompts.
    var prefillTokens: Int { max(promptTokens, min(Self.prefillTokens, promptsPerUnit * promptTokens)) }
    /// The tokens of one pass of the gradient, of which a unit has several even ones: prompts that completions share count once.
    func gradientTokens(_ type: WeightType) -> Int {
        let unit = promptsPerUnit * (promptTokens + samplesPerPrompt * maxTokens)
        let passes = (unit - 1) / PolicyGradient.tokensPerBatch(type) + 1
        return max(promptTokens + maxTokens - 1, (unit - 1) / passes + 1)
    }

    /// `Sampler.slots`, and the tokens up to which it reads prompts together.
    private static let (slots, prefillTokens) = (64, 1024)
}
