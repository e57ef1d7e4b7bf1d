import BitCollections
import T2Core

/// A run in the lease table: what it has to hand out, and its share of the workers so far.
struct LeasedRun: Sendable {
    /// In the order of opening.
    let number: Int
    var weight: Double
    /// Units of its round, in the order in which they should go out.
    var keys: [UnitKey] = []
    var unfinished = 0
    /// Lane-seconds over weight, of leases that have ended and as expected of those that are out. The run with the least of
    /// it is served next.
    var share: Double
    /// Durations of accepted leases from grant to result, by phase.
    var durations: [Phase: DurationHistory] = [:]
    /// Lane-seconds of accepted leases, by phase.
    private var costs: [Phase: LeaseCost] = [:]
    /// Units out in exactly one copy, by phase, the one granted first in front.
    var single: [Phase: PriorityIndex<UnitKey, CopyRank>] = [:]

    /// Indexes of the units to hand out.
    private(set) var pending = BitSet()
    private(set) var pendingCount = 0
    /// Indexes of those pending units that failed before.
    private(set) var retried: Set<Int> = []
    /// Indexes of pending units that are kept from a worker because they failed on it, by the worker's name.
    private(set) var keptFrom: [String: Set<Int>] = [:]

    init(number: Int, weight: Double, share: Double) {
        self.number = number
        self.weight = weight
        self.share = share
    }

    /// Begins a round; durations, costs and share stay.
    mutating func open(_ keys: [UnitKey]) {
        self.keys = keys
        unfinished = keys.count
        pending = BitSet(0..<keys.count)
        pendingCount = keys.count
        retried = []
        keptFrom = [:]
        single = [:]
    }

    /// The next unit for the worker of this name.
    ///
    /// - Cost: O(U/64 + k) for U units and k units that are kept from the worker; O(1) if all are.
    func next(for name: String) -> Int? {
        guard let kept = keptFrom[name] else { return pending.first }
        guard kept.count < pendingCount else { return nil }
        return pending.first { !kept.contains($0) }
    }

    mutating func pend(_ unit: LeasedUnit) {
        guard pending.insert(unit.index).inserted else { return }
        pendingCount += 1
        if !unit.failures.isEmpty { retried.insert(unit.index) }
    }

    mutating func unpend(_ unit: LeasedUnit) {
        guard pending.remove(unit.index) != nil else { return }
        pendingCount -= 1
        if unit.failures.isEmpty { return }
        retried.remove(unit.index)
        if unit.isKeptBack { release(unit) }
    }

    mutating func keepBack(_ unit: LeasedUnit) {
        for name in unit.tried { keptFrom[name, default: []].insert(unit.index) }
    }

    mutating func release(_ unit: LeasedUnit) {
        for name in unit.tried {
            keptFrom[name]?.remove(unit.index)
            if keptFrom[name]?.isEmpty == true { keptFrom[name] = nil }
        }
    }

    /// Lane-seconds that a lease of this phase is expected to take: the mean of the last ones, or 1 s before there are any.
    func expectedCost(of phase: Phase) -> Double { costs[phase]?.mean ?? 1 }

    mutating func note(_ laneSeconds: Double, of phase: Phase) {
        costs[phase, default: LeaseCost()].record(laneSeconds)
    }
}

/// The mean lane-seconds of some 64 last leases.
private struct LeaseCost: Sendable {
    private(set) var mean = 0.0
    private var count = 0.0

    mutating func record(_ laneSeconds: Double) {
        count = min(count + 1, 64)
        mean += (laneSeconds - mean) / count
    }
}
