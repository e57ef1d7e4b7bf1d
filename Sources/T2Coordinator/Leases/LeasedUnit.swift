import T2Core

/// A unit of the current step in the lease table.
package struct LeasedUnit: Sendable, Equatable {
    package let key: UnitKey
    /// Leases ever granted.
    package internal(set) var attempts = 0
    /// Leases granted while another was out.
    package internal(set) var secondCopies = 0
    /// At most two, of different workers.
    package internal(set) var leases: [UnitLease] = []
    package internal(set) var failures: [UnitFailure] = []
    package internal(set) var isAccepted = false

    init(key: UnitKey) { self.key = key }

    mutating func renew(attempt: Int, of worker: WorkerIdentifier, tokens: Int, at now: ContinuousClock.Instant) {
        guard let place = leases.firstIndex(where: { $0.attempt == attempt && $0.worker == worker }) else { return }
        leases[place].deadline = now + leases[place].length
        if tokens > leases[place].tokens {
            leases[place].tokens = tokens
            leases[place].lastToken = now
            leases[place].isReportedStuck = false
        }
    }

    mutating func markStuck(attempt: Int) {
        for place in leases.indices where leases[place].attempt == attempt { leases[place].isReportedStuck = true }
    }

    mutating func postpone(by gap: Duration) {
        for place in leases.indices {
            leases[place].deadline += gap
            leases[place].lastToken += gap
        }
    }
}
