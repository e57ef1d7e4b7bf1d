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

    /// A result that waits for that of another worker.
    package struct HeldResult: Sendable, Equatable {
        package let worker: WorkerIdentifier
        package let attempt: Int
        /// The kind of the worker's machine.
        let kind: String
    }

    /// The worker to which an attempt was granted.
    struct Holder: Sendable, Equatable {
        let worker: WorkerIdentifier
        /// The kind of its machine.
        let kind: String
        /// As in `UnitLease`.
        let checks: Int?
    }

    package let key: UnitKey
    /// The unit's index in its round.
    let index: Int
    /// The number of leases granted so far.
    package internal(set) var attempts = 0
    /// The number of leases granted while another worker held the unit.
    package internal(set) var furtherCopies = 0
    /// The current leases by attempt, of different workers.
    package internal(set) var leases: [UnitLease] = []
    /// The last failures.
    package private(set) var failures: [UnitFailure] = []
    package internal(set) var isAccepted = false
    /// The first result that is held for an audit, and the names of the workers that have answered since.
    package internal(set) var held: HeldResult?
    package internal(set) var answered: Set<String> = []
    /// The keys of these workers, and the names of other workers with these keys, whose results would prove nothing.
    private(set) var answeredKeys: Set<String> = []
    private(set) var partners: Set<String> = []

    /// The names of the workers that cannot audit the unit.
    var excluded: Set<String> { answered.union(partners) }
    private(set) var reports: [Report] = []
    private(set) var lastFailure: ContinuousClock.Instant?
    /// The holders of the last attempts; the last one is number `attempts`.
    private(set) var holders: [Holder] = []

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
    /// not count, except the one whose result is held.
    func wasGranted(_ attempt: Int, to worker: WorkerIdentifier) -> Bool {
        holder(of: attempt)?.worker == worker || (held?.attempt == attempt && held?.worker == worker)
    }

    /// Whether a result of this attempt can be accepted or, if one is held, compared with it: workers of one kind compute the unit, and
    /// others check the result that is held.
    func isComparable(_ attempt: Int) -> Bool {
        guard let holder = holder(of: attempt) else { return held?.attempt == attempt }
        guard let held else { return holder.checks == nil }
        return holder.checks.map { $0 == held.attempt } ?? (holder.kind == held.kind)
    }

    /// Whether the attempt checks the result of another one.
    func isCheck(_ attempt: Int) -> Bool { holder(of: attempt)?.checks != nil }

    private func holder(of attempt: Int) -> Holder? {
        let index = attempt - 1 - (attempts - holders.count)
        return holders.indices.contains(index) ? holders[index] : nil
    }

    /// Records that a worker answered.
    ///
    /// - Parameters:
    ///   - key: the name of its key, if it has one.
    ///   - partners: the names of the workers with this key.
    mutating func noteAnswer(of name: String, key: String?, partners: [String]) {
        answered.insert(name)
        if let key { answeredKeys.insert(key) }
        self.partners.formUnion(partners.filter { !answered.contains($0) })
    }

    /// Records that a worker with the key of one that answered has joined.
    mutating func noteJoin(of name: String) { if !answered.contains(name) { partners.insert(name) } }

    mutating func endAudit() {
        held = nil
        (answered, answeredKeys, partners) = ([], [], [])
    }

    mutating func add(_ lease: UnitLease, kind: String) {
        attempts += 1
        if !leases.isEmpty { furtherCopies += 1 }
        leases.append(lease)
        holders.append(Holder(worker: lease.worker, kind: kind, checks: lease.checks))
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
            leases[index].started? += gap
        }
    }
}
