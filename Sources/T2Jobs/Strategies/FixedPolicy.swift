import T2Core
import T2Learning

/// The strategy `none` and the strategy of an expert file: one policy answers all prompts.
package struct FixedPolicy: ImmediateAssigner {
    private let policy: Policy

    package init(_ policy: Policy) { self.policy = policy }

    package var parts: [(name: String, value: any Encodable & Sendable)] { [("expert", policy.digest)] }

    package func assignment(_ prompts: [Problem], _: AssignmentContext) -> PolicyAssignment {
        PolicyAssignment(policy, count: prompts.count)
    }
}
