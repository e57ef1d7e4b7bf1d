import T2Core

/// What is particular to a kind of task.
protocol ProblemSource: Sendable {
    var splits: [Split] { get }
    var needsSandbox: Bool { get }
    var maxTokens: Int? { get }
    func stopStrings(_ form: PromptForm) -> [String]
    /// - Precondition: `splits` has the split.
    func problems(
        split: Split, in dataFolder: String, form: PromptForm, onBadRecord policy: BadRecordPolicy
    ) throws -> ProblemSet
}

extension ProblemSource {
    var maxTokens: Int? { nil }
}
