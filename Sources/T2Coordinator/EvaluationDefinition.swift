import T2Core
import T2Evaluation
import T2Learning

/// Everything that determines what an evaluation on a cluster finds, checked and resolved.
package struct EvaluationDefinition: Sendable {
    /// Which model answers.
    package enum Policy: Sendable {
        /// One for all problems; nil is the base model.
        case fixed(ExpertVector?)
        /// Each problem's own, decided in a first pass.
        case classified(Classification, by: ExpertVector?, experts: [String: ExpertVector])
        /// The mixture that a search finds first.
        case fewShot(SearchDefinition, [ExpertLibrary.Entry])
    }

    /// In messages and logs; no random number depends on it.
    package let name: String
    package let modelPath: String
    package let model: ModelConfiguration
    package let modelDigest: Digest
    package let tokenizerDigest: Digest
    package let task: String
    /// Without their references.
    package let problems: [Problem]
    package let policy: Policy
    package let sampling: Sampling
    package let seed: UInt64

    package init(
        name: String, model: BaseModelFolder, task: String, problems: [Problem], policy: Policy, sampling: Sampling,
        seed: UInt64
    ) {
        self.name = name
        modelPath = model.path
        self.model = model.configuration
        modelDigest = model.digest
        tokenizerDigest = model.tokenizerDigest
        self.task = task
        self.problems = problems.map(\.withoutReference)
        self.policy = policy
        self.sampling = sampling
        self.seed = seed
    }

    /// What pass 1 asks about each problem; empty if there is no pass 1.
    package var questions: [Problem] {
        guard case .classified(let classification, _, _) = policy else { return [] }
        return problems.map { classification.problem($0) }
    }

    var identity: EvaluationIdentity {
        var asked = DigestBuilder()
        for problem in problems + questions {
            asked.update("\(problem.id)\u{0}\(problem.prompt)\u{0}\(problem.verification)\u{0}")
        }
        var experts: [Digest] = []
        var search: SearchIdentity?
        switch policy {
        case .fixed(let vector): experts = [vector].compactMap { $0 }.map { Digest(of: $0.values) }
        case .classified(let classification, let classifier, let vectors):
            for category in classification.categories { asked.update("\(category.name)\u{0}\(category.expert)\u{0}") }
            experts =
                vectors.sorted { $0.key < $1.key }.map { Digest(of: $0.value.values) }
                + [classifier].compactMap { $0 }.map { Digest(of: $0.values) }
        case .fewShot(let definition, _): search = definition.identity
        }
        return EvaluationIdentity(
            model: modelDigest, tokenizer: tokenizerDigest, task: task, problems: asked.finalize(), experts: experts,
            search: search, sampling: sampling, seed: seed)
    }
}
