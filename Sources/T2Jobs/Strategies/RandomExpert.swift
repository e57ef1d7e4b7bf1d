import T2Core
import T2Formats
import T2Learning

/// The strategy `random`: an expert is drawn uniformly for each prompt, as the control that other ways of dispatch must beat.
package struct RandomExpert: ImmediateAssigner {
    private let experts: [String: Policy]

    /// - Parameter entries: the experts that may answer.
    package init(_ entries: [ExpertLibrary.Entry]) {
        experts = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.expert.policy) })
    }

    package var parts: [(name: String, value: any Encodable & Sendable)] {
        [("experts", experts.mapValues(\.digest)), ("strategy", Strategy.random.name)]
    }

    package func assignment(_ prompts: [Problem], _ context: AssignmentContext) -> PolicyAssignment {
        let names = experts.keys.sorted()
        let dispatches = prompts.indices.map { index in
            var random = SeededRandom(seed: context.seed, .randomExpert(problem: index))
            let name = names[Int(random.next() % UInt64(names.count))]
            return Dispatch(category: name, expert: name)
        }
        return PolicyAssignment(dispatches, experts: experts)
    }
}
