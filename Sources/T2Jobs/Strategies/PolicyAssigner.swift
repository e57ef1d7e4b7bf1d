import T2Core
import T2Learning

/// Decides which policy answers each prompt of a list: the part of a strategy that is its own. Pure, as a job is.
package protocol PolicyAssigner: Sendable {
    /// What the assignment follows from besides the prompts and the base model.
    var parts: [(name: String, value: any Encodable & Sendable)] { get }

    /// The units that must be computed next to decide; nil once everything is decided.
    ///
    /// - Parameter context: names the job's run and its seed.
    func nextRound(_ prompts: [Problem], _ context: AssignmentContext) throws -> Round?

    /// Takes what the units of that round came to.
    ///
    /// - Returns: the iterations of a search that have ended.
    mutating func take(_ results: RoundResults) throws -> [FewShotSearch.Iteration]

    /// What was decided, once `nextRound` is nil.
    func assignment(_ prompts: [Problem], _ context: AssignmentContext) throws -> PolicyAssignment
}

/// What every strategy is given.
package struct AssignmentContext: Sendable {
    package let run: String
    package let seed: UInt64

    package init(run: String, seed: UInt64) {
        self.run = run
        self.seed = seed
    }
}

/// Which policy answers which prompt.
package struct PolicyAssignment: Sendable {
    /// Each once.
    package let policies: [Policy]
    /// The index of each prompt's policy.
    package let indices: [Int]
    /// What was decided about each prompt; nil where one policy answers all of them.
    package var dispatches: [Dispatch]?
    /// What was searched first.
    package var search: FewShotResult?

    /// One policy answers all prompts.
    package init(_ policy: Policy, count: Int) {
        policies = [policy]
        indices = [Int](repeating: 0, count: count)
    }

    /// The expert that each dispatch names answers, and the base model where it names none.
    package init(_ dispatches: [Dispatch], experts: [String: Policy]) {
        let names = experts.keys.sorted()
        policies = [.base] + names.map { experts[$0]! }
        indices = dispatches.map { dispatch in
            dispatch.expert.flatMap { names.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
        }
        self.dispatches = dispatches
    }
}
