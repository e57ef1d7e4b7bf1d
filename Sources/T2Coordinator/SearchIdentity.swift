import T2Core
import T2Learning

/// What makes a search the same search when it is resumed.
package struct SearchIdentity: JobIdentity {
    package static let noun = "search"
    package static let command = "adapt"

    package let model: Digest
    package let tokenizer: Digest
    /// Of each expert's values, in the order of α.
    package let experts: [Digest]
    package let task: String
    /// Over the shots.
    package let shots: Digest
    package let sampling: Sampling
    package let scope: MixtureParameterisation.Scope
    package let isNormalized: Bool
    package let settings: FewShotSearch.Settings

    package func difference(from saved: SearchIdentity) -> String? {
        Self.difference([
            ("base model", model == saved.model), ("tokenizer", tokenizer == saved.tokenizer),
            ("experts", experts == saved.experts), ("task", task == saved.task), ("shots", shots == saved.shots),
            ("max-tokens", sampling == saved.sampling), ("per-layer", scope == saved.scope),
            ("normalize", isNormalized == saved.isNormalized),
            ("method, population, elite-ratio, iterations, patience or seed", settings == saved.settings),
        ])
    }
}
