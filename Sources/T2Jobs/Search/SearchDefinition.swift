import T2Core
import T2Formats
import T2Learning

/// All inputs that determine the result of a few-shot search, checked and resolved.
package struct SearchDefinition: Sendable {
    package let name: String
    package let model: JobModel
    package let task: String
    /// The shots with their references.
    package let shots: [Problem]
    /// Greedy sampling of the answers.
    package let sampling: Sampling
    /// The experts to mix, by name, in the order of α.
    package let entries: [ExpertLibrary.Entry]
    package let mixture: MixtureParameterisation
    package let settings: FewShotSearch.Settings

    package init(
        name: String, model: JobModel, task: String, shots: [Problem], sampling: Sampling,
        entries: [ExpertLibrary.Entry], mixture: MixtureParameterisation, settings: FewShotSearch.Settings
    ) {
        self.name = name
        self.model = model
        self.task = task
        self.shots = shots
        self.sampling = sampling
        self.entries = entries
        self.mixture = mixture
        self.settings = settings
    }

    /// The inputs that determine the results, for the job's identity.
    package var parts: [(name: String, value: any Encodable & Sendable)] {
        [
            ("base model", model.digest), ("tokenizer", model.tokenizerDigest),
            ("experts", mixture.experts.map { Policy.svf($0).digest }), ("task", task), ("shots", shots),
            ("max-tokens", sampling), ("per-layer", mixture.scope), ("normalize", mixture.isNormalized),
            ("method, population, elite-ratio, iterations, patience or seed", settings),
        ]
    }
}
