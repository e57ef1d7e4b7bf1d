import BitCollections
import T2Core

/// A run in the lease table: its pending units and its share of the workers so far.
struct LeasedRun: Sendable {
    /// The run's number in the order of opening.
    let number: Int
    var weight: Double
    /// The units of the run's round, in the order in which they should be leased.
    var keys: [UnitKey] = []
    var unfinished = 0
    /// Lane-seconds over weight: those of ended leases, and the expected ones of current leases. The run with the
    /// lowest share is served next.
    var share = 0.0
    /// Durations of accepted leases from grant to result, by phase.
    var durations: [Phase: DurationHistory] = [:]
    /// Lane-seconds of accepted leases, by phase.
    var costs: [Phase: LeaseCost] = [:]
    /// Units with leases, by phase, the one whose last lease was granted earliest first.
    var leased: [Phase: PriorityIndex<UnitKey, CopyRank>] = [:]
    /// Indexes of the pending units.
    var pending = BitSet.Counted()

    /// Begins a round. Durations, costs and share are kept.
    mutating func open(_ keys: [UnitKey]) {
        self.keys = keys
        unfinished = keys.count
        pending = BitSet.Counted(0..<keys.count)
        leased = [:]
    }

    /// The expected lane-seconds of a lease of this phase: the mean of the last ones, or 1 s if there are none.
    func expectedCost(of phase: Phase) -> Double { costs[phase]?.mean ?? 1 }
}

/// The mean lane-seconds of about the last 64 leases.
struct LeaseCost: Sendable {
    private(set) var mean = 0.0
    private var count = 0.0

    mutating func record(_ laneSeconds: Double) {
        count = min(count + 1, 64)
        mean += (laneSeconds - mean) / count
    }
}
