import T2Core

/// A unit of an open round in the lease table.
package struct LeasedUnit: Sendable, Equatable {
    /// The number of failures and earlier holders that are remembered, so that the memory of a unit is bounded.
    static let memory = 32

    /// A worker's report that it cannot compute the unit, or its result that was refused.
    struct Report: Sendable, Equatable {
        let worker: WorkerIdentifier
        /// Whether the worker had computed a unit before.
        let isFromProven: Bool
    }

    package let key: UnitKey
    /// The unit's index in its round.
    let index: Int
    /// The number of leases granted so far.
    package internal(set) var attempts = 0
    /// The number of leases granted while another worker held the unit.
    package internal(set) var secondCopies = 0
    /// The current leases by attempt: at most two, of different workers.
    package internal(set) var leases: [UnitLease] = []
    /// The last failures.
    package private(set) var failures: [UnitFailure] = []
    package internal(set) var isAccepted = false
    /// The names of the workers whose results are held for an audit, and the kind of their machines.
    package internal(set) var answered: Set<String> = []
    package internal(set) var kind: String?
    private(set) var reports: [Report] = []
    private(set) var lastFailure: ContinuousClock.Instant?
    /// The workers to which the last attempts were granted; the last one is number `attempts`.
    private(set) var holders: [WorkerIdentifier] = []

    func failed(on worker: WorkerIdentifier) -> Bool { failures.contains { $0.worker.name == worker.name } }

    /// The current lease of this attempt.
    subscript(attempt: Int) -> UnitLease? {
        get { leases.first { $0.attempt == attempt } }
        set {
            guard let index = leases.firstIndex(where: { $0.attempt == attempt }) else { return }
            if let newValue { leases[index] = newValue } else { leases.remove(at: index) }
        }
    }

    /// Whether exactly this attempt was once granted to exactly this worker. Attempts that are no longer remembered do
    /// not count.
    func wasGranted(_ attempt: Int, to worker: WorkerIdentifier) -> Bool {
        let index = attempt - 1 - (attempts - holders.count)
        return holders.indices.contains(index) && holders[index] == worker
    }

    mutating func add(_ lease: UnitLease) {
        attempts += 1
        if !leases.isEmpty { secondCopies += 1 }
        leases.append(lease)
        holders.append(lease.worker)
        if holders.count > Self.memory { holders.removeFirst() }
    }

    mutating func note(_ failure: UnitFailure, isFromProven: Bool, at now: ContinuousClock.Instant) {
        failures.append(failure)
        if failures.count > Self.memory { failures.removeFirst() }
        lastFailure = now
        guard failure.isReported else { return }
        reports.append(Report(worker: failure.worker, isFromProven: isFromProven))
        if reports.count > Self.memory { reports.removeFirst() }
    }

    mutating func postpone(by gap: Duration) {
        for index in leases.indices {
            leases[index].deadline += gap
            leases[index].lastToken += gap
        }
    }
}
