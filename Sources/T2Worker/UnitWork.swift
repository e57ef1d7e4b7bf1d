import Synchronization
import T2Core
import T2Engine
import T2Transport

/// A lease that is queued or computed by a lane, with its policies.
package final class UnitWork: Sendable {
    package let lease: Lease
    package let policies: PolicySet
    private let cancelled = Atomic<Bool>(false)

    package init(lease: Lease, policies: PolicySet) {
        self.lease = lease
        self.policies = policies
    }

    /// Stops the lane at its next token.
    package func cancel() { cancelled.store(true, ordering: .relaxed) }

    package var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
}
