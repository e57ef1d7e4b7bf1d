import T2Core

/// The policy sets that were used last. A unit keeps its own set alive for as long as it needs it.
package struct PolicySets: Sendable {
    /// A step and the one before it: late units of the old one go on while the new one starts.
    static let kept = 2

    private let adapters: ModelAdapters
    private var sets: [(digests: [Digest], set: PolicySet)] = []

    package init(_ adapters: ModelAdapters) { self.adapters = adapters }

    /// The set of these policies; the oldest set makes room for a new one.
    package mutating func set(_ digests: [Digest], _ policies: [Policy]) -> PolicySet {
        if let known = sets.first(where: { $0.digests == digests }) { return known.set }
        let fresh = PolicySet(policies, adapters)
        sets.append((digests, fresh))
        if sets.count > Self.kept { sets.removeFirst() }
        return fresh
    }
}
