import T2Core

/// The policy sets used last. A unit keeps its own set alive as long as it runs.
package struct PolicySets: Sendable {
    /// Two sets are kept, because late units of a step may overlap with the next step.
    static let kept = 2

    private let adapters: ModelAdapters
    private var sets: [(digests: [Digest], set: PolicySet)] = []

    package init(_ adapters: ModelAdapters) { self.adapters = adapters }

    /// The set of these policies; a new set replaces the oldest.
    package mutating func set(_ digests: [Digest], _ policies: [Policy]) -> PolicySet {
        if let known = sets.first(where: { $0.digests == digests }) { return known.set }
        let fresh = PolicySet(policies, adapters)
        sets.append((digests, fresh))
        if sets.count > Self.kept { sets.removeFirst() }
        return fresh
    }
}
