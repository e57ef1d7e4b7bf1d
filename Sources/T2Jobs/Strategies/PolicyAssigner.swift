import T2Core
import T2Learning

/// Decides which policy answers each prompt of a list. Each strategy has its own assigner, which is pure like a job.
package protocol PolicyAssigner: Sendable {
    /// The inputs that determine the assignment, besides the prompts and the base model.
    var parts: [(name: String, value: any Encodable & Sendable)] { get }

    /// The units to compute next for the decision; nil once everything is decided.
    func nextRound(_ prompts: [Problem], _ context: AssignmentContext) throws -> Round?

    /// Takes the results of that round's units.
    ///
    /// - Returns: the iterations of a search that have ended.
    mutating func take(_ results: RoundResults) throws -> [FewShotSearch.Iteration]

    /// The decision, once `nextRound` is nil.
    func assignment(_ prompts: [Problem], _ context: AssignmentContext) throws -> PolicyAssignment
}

/// Decides without units.
package protocol ImmediateAssigner: PolicyAssigner {}

extension ImmediateAssigner {
    package func nextRound(_: [Problem], _: AssignmentContext) -> Round? { nil }

    package func take(_: RoundResults) -> [FewShotSearch.Iteration] { [] }
}

/// The job's run and seed, which every strategy receives.
package typealias AssignmentContext = (run: String, seed: UInt64)

/// The policy that answers each prompt.
package struct PolicyAssignment: Sendable {
    /// The distinct policies.
    package let policies: [Policy]
    /// The index in `policies` of each prompt's policy.
    package let indices: [Int]
    /// The decision about each prompt; nil if one policy answers all of them.
    package var dispatches: [Dispatch]?
    /// The result of a search that came first.
    package var search: FewShotResult?

    /// One policy answers all prompts.
    package init(_ policy: Policy, count: Int) {
        policies = [policy]
        indices = [Int](repeating: 0, count: count)
    }

    /// The expert that a dispatch names answers its prompt; the base model answers if it names none.
    package init(_ dispatches: [Dispatch], experts: [String: Policy]) {
        let names = experts.keys.sorted()
        policies = [.base] + names.map { experts[$0]! }
        indices = dispatches.map { dispatch in
            dispatch.expert.flatMap { names.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
        }
        self.dispatches = dispatches
    }
}
