import T2Core
import T2Formats
import T2Learning

/// The strategies `prompt` and `cls-expert`: a model classifies each prompt in the first pass of two-pass inference, and the
/// category's expert answers in the second.
///
/// - Source: arXiv 2501.06252, section 3.2.
package struct PromptClassification: PolicyAssigner {
    private let classification: Classification
    private let classifier: Policy
    /// The experts that the categories name.
    private let experts: [String: Policy]
    private var dispatches: [Dispatch]?

    /// - Throws: `InputError` if the classifier is to be an expert and the library has none.
    package init(_ library: ExpertLibrary, by classifier: PromptClassifier) throws {
        classification = try Classification(library)
        self.classifier =
            switch classifier {
            case .base: .base
            case .expert: try library.classifier().expert.policy
            }
        experts = try Dictionary(
            classification.categories.map { ($0.expert, try library.entry(named: $0.expert).expert.policy) },
            uniquingKeysWith: { first, _ in first })
    }

    package var parts: [(name: String, value: any Encodable & Sendable)] {
        [
            ("experts", experts.mapValues(\.digest)), ("classifier", classifier.digest),
            (
                "classification",
                [classification.question("")] + classification.categories.flatMap { [$0.name, $0.expert] }
            ),
        ]
    }

    package func nextRound(_ prompts: [Problem], _ context: AssignmentContext) -> Round? {
        guard dispatches == nil else { return nil }
        let questions = prompts.map { classification.problem($0) }
        return EvaluationJob.round(
            questions, PolicyAssignment(classifier, count: prompts.count), phase: .classification,
            sampling: Sampling(temperature: 0, maxTokens: Classification.maxTokens), context)
    }

    package mutating func take(_ results: RoundResults) throws -> [FewShotSearch.Iteration] {
        dispatches = try results.allCompletions().map { classification.dispatch($0.text) }
        return []
    }

    package func assignment(_ prompts: [Problem], _: AssignmentContext) -> PolicyAssignment {
        PolicyAssignment(dispatches ?? [], experts: experts)
    }
}
