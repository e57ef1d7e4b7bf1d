import T2Core

/// What makes an evaluation the same evaluation when it is resumed.
struct EvaluationIdentity: JobIdentity {
    static let noun = "evaluation"
    static let command = "eval"

    let model: Digest
    let tokenizer: Digest
    let task: String
    /// Over the problems, and the questions of a first pass.
    let problems: Digest
    /// Of each expert's values.
    let experts: [Digest]
    /// The search that finds the mixture first.
    let search: SearchIdentity?
    let sampling: Sampling
    let seed: UInt64

    func difference(from saved: EvaluationIdentity) -> String? {
        let search = self.search.flatMap { own in saved.search.flatMap { own.difference(from: $0) } }
        return Self.difference([
            ("base model", model == saved.model), ("tokenizer", tokenizer == saved.tokenizer),
            ("task", task == saved.task), ("problems", problems == saved.problems),
            ("experts or strategy", experts == saved.experts && (self.search == nil) == (saved.search == nil)),
            ("search", search == nil), ("temperature or max-tokens", sampling == saved.sampling),
            ("seed", seed == saved.seed),
        ])
    }
}
