import T2Core

/// A unit of an open round in the lease table.
package struct LeasedUnit: Sendable, Equatable {
    /// Failures, and holders of earlier leases, that are remembered: a unit that is preempted for ever takes no memory for ever.
    static let memory = 32

    /// A worker's own word that it cannot compute the unit, or a result of it that was refused.
    struct Report: Sendable, Equatable {
        let worker: WorkerIdentifier
        /// The worker had computed something before.
        let isFromProven: Bool
    }

    package let key: UnitKey
    /// In its round.
    let index: Int
    /// Leases ever granted.
    package internal(set) var attempts = 0
    /// Leases granted while another was out.
    package internal(set) var secondCopies = 0
    /// At most two, of different workers.
    package internal(set) var leases: [UnitLease] = []
    /// The last ones.
    package private(set) var failures: [UnitFailure] = []
    package internal(set) var isAccepted = false
    private(set) var reports: [Report] = []
    private(set) var lastFailure: ContinuousClock.Instant?
    /// Whom the last attempts were granted to; the last one is number `attempts`.
    private var holders: [WorkerIdentifier] = []
    /// It is pending and kept from the workers on which it failed.
    var isKeptBack = false

    init(key: UnitKey, index: Int) {
        self.key = key
        self.index = index
    }

    /// Names of the workers on which it failed.
    var tried: Set<String> { Set(failures.map(\.worker.name)) }

    func failed(on worker: WorkerIdentifier) -> Bool { failures.contains { $0.worker.name == worker.name } }

    func lease(_ attempt: Int, of worker: WorkerIdentifier) -> UnitLease? {
        leases.first { $0.attempt == attempt && $0.worker == worker }
    }

    /// Whether exactly this attempt was once granted to exactly this worker. Attempts too old to be remembered were not.
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

    /// - Returns: whether tokens were added.
    mutating func renew(
        _ attempt: Int, of worker: WorkerIdentifier, tokens: Int, at now: ContinuousClock.Instant
    ) -> Bool {
        guard let index = leases.firstIndex(where: { $0.attempt == attempt && $0.worker == worker }) else {
            return false
        }
        leases[index].deadline = max(leases[index].deadline, now + leases[index].length)
        guard tokens > leases[index].tokens else { return false }
        leases[index].tokens = tokens
        leases[index].lastToken = now
        leases[index].isReportedStuck = false
        return true
    }

    mutating func change(_ attempt: Int, _ body: (inout UnitLease) -> Void) {
        guard let index = leases.firstIndex(where: { $0.attempt == attempt }) else { return }
        body(&leases[index])
    }

    mutating func postpone(by gap: Duration) {
        for index in leases.indices {
            leases[index].deadline += gap
            leases[index].lastToken += gap
        }
    }
}
