import Synchronization
import T2Core
import T2Engine
import T2Transport

/// A lease on its way through a lane, with the policies that it names.
package final class UnitWork: Sendable {
    package let lease: Lease
    package let policies: PolicySet
    private let cancelled = Atomic<Bool>(false)

    package init(lease: Lease, policies: PolicySet) {
        self.lease = lease
        self.policies = policies
    }

    /// Makes the lane stop at its next token.
    package func cancel() { cancelled.store(true, ordering: .relaxed) }

    package var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
}
