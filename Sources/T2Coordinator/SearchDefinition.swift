import T2Core
import T2Learning

/// Everything that determines what a few-shot search on a cluster finds, checked and resolved.
package struct SearchDefinition: Sendable {
    /// In messages and logs; no random number depends on it.
    package let name: String
    package let modelPath: String
    package let model: ModelConfiguration
    package let modelDigest: Digest
    package let tokenizerDigest: Digest
    package let task: String
    /// With their references.
    package let shots: [Problem]
    /// Greedy.
    package let sampling: Sampling
    package let mixture: MixtureParameterisation
    package let settings: FewShotSearch.Settings

    package init(
        name: String, model: BaseModelFolder, task: String, shots: [Problem], sampling: Sampling,
        mixture: MixtureParameterisation, settings: FewShotSearch.Settings
    ) {
        self.name = name
        modelPath = model.path
        self.model = model.configuration
        modelDigest = model.digest
        tokenizerDigest = model.tokenizerDigest
        self.task = task
        self.shots = shots
        self.sampling = sampling
        self.mixture = mixture
        self.settings = settings
    }

    package var identity: SearchIdentity {
        var problems = DigestBuilder()
        for shot in shots {
            problems.update("\(shot.id)\u{0}\(shot.prompt)\u{0}\(shot.verification)\u{0}\(shot.reference ?? "")\u{0}")
        }
        return SearchIdentity(
            model: modelDigest, tokenizer: tokenizerDigest, experts: mixture.experts.map { Digest(of: $0.values) },
            task: task, shots: problems.finalize(), sampling: sampling, scope: mixture.scope,
            isNormalized: mixture.isNormalized, settings: settings)
    }
}
