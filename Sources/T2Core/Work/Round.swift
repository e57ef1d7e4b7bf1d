/// Units that are handed out together, with the policies that they are computed under.
package struct Round: Sendable {
    package let step: Int
    package let units: [WorkUnit]
    /// By content address; the base model need not be among them.
    package let policies: [Digest: Policy]
    private let indices: [UnitKey: Int]

    /// - Precondition: all units have this step, and each key stands once.
    package init(step: Int, units: [WorkUnit], policies: [Digest: Policy]) {
        self.step = step
        self.units = units
        self.policies = policies
        indices = Dictionary(uniqueKeysWithValues: units.enumerated().map { ($1.key, $0) })
    }

    package func unit(_ key: UnitKey) -> WorkUnit? { indices[key].map { units[$0] } }

    /// - Returns: nil if no unit of the round is computed under it.
    package func policy(_ digest: Digest) -> Policy? { digest == Policy.baseDigest ? .base : policies[digest] }

    /// The number of completions that the units consist of.
    package var sequenceCount: Int { units.reduce(0) { $0 + $1.sequences.count } }
}
