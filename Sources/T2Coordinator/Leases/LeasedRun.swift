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
    var share = 0.0
    /// Durations of accepted leases from grant to result, by phase.
    var durations: [Phase: DurationHistory] = [:]
    /// Lane-seconds of accepted leases, by phase.
    var costs: [Phase: LeaseCost] = [:]
    /// Units out in exactly one copy, by phase, the one granted first in front.
    var single: [Phase: PriorityIndex<UnitKey, CopyRank>] = [:]
    /// Indexes of the units to hand out.
    var pending = BitSet.Counted()

    /// Begins a round; durations, costs and share stay.
    mutating func open(_ keys: [UnitKey]) {
        self.keys = keys
        unfinished = keys.count
        pending = BitSet.Counted(0..<keys.count)
        single = [:]
    }

    /// Lane-seconds that a lease of this phase is expected to take: the mean of the last ones, or 1 s before there are any.
    func expectedCost(of phase: Phase) -> Double { costs[phase]?.mean ?? 1 }
}

/// The mean lane-seconds of some 64 last leases.
struct LeaseCost: Sendable {
    private(set) var mean = 0.0
    private var count = 0.0

    mutating func record(_ laneSeconds: Double) {
        count = min(count + 1, 64)
        mean += (laneSeconds - mean) / count
    }
}
