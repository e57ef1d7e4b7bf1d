/// Units that are dispatched together, with their policies.
package struct Round: Sendable {
    package let step: Int
    package let units: [WorkUnit]
    /// Policies by content address. The base model may be absent.
    package let policies: [Digest: Policy]
    private let indices: [UnitKey: Int]

    /// - Precondition: all units have this step, and each key occurs once.
    package init(step: Int, units: [WorkUnit], policies: [Digest: Policy]) {
        self.step = step
        self.units = units
        self.policies = policies
        indices = Dictionary(uniqueKeysWithValues: units.enumerated().map { ($1.key, $0) })
    }

    package func unit(_ key: UnitKey) -> WorkUnit? { indices[key].map { units[$0] } }

    /// - Returns: nil if the round has no such policy.
    package func policy(_ digest: Digest) -> Policy? { digest == Policy.baseDigest ? .base : policies[digest] }

    /// The number of completions in all units.
    package var sequenceCount: Int { units.reduce(0) { $0 + $1.sequences.count } }
}
