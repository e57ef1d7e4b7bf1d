import Synchronization
import T2Core
import T2Transport

/// A lease on its way through a lane, with the policy it asks for.
package final class UnitWork: Sendable {
    package let lease: Lease
    package let policy: PolicyVersion
    private let cancelled = Atomic<Bool>(false)

    package init(lease: Lease, policy: PolicyVersion) {
        self.lease = lease
        self.policy = policy
    }

    /// Makes the lane stop at its next token.
    package func cancel() { cancelled.store(true, ordering: .relaxed) }

    package var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    /// - Throws: `UnitError.cancelled` once nobody wants the unit any more.
    func checkCancellation() throws(UnitError) {
        if isCancelled { throw .cancelled }
    }
}
