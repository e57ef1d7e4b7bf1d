import T2Core
import T2Learning

/// The strategy `few-shot`: the mixture of experts that answers a few examples best, found by a search, answers all prompts.
///
/// - Source: arXiv 2501.06252, section 3.3.
package struct FewShotMixture: PolicyAssigner {
    private var search: SearchJob

    package init(_ search: SearchJob) { self.search = search }

    package var parts: [(name: String, value: any Encodable & Sendable)] {
        search.parts.map { ("search: \($0.name)", $0.value) }
    }

    package func nextRound(_: [Problem], _: AssignmentContext) -> Round? { search.nextRound() }

    package mutating func take(_ results: RoundResults) throws -> [FewShotSearch.Iteration] { try search.take(results) }

    package func assignment(_ prompts: [Problem], _: AssignmentContext) throws -> PolicyAssignment {
        let result = try search.result()
        var assignment = PolicyAssignment(.svf(result.mixture.vector), count: prompts.count)
        assignment.search = result
        return assignment
    }
}
