import T2Transport

/// What passed between the coordinator and the emulated workers.
struct Traffic {
    struct Count {
        var messages = 0
        var bytes = 0
    }

    private(set) var down: [Message.Kind: Count] = [:]
    private(set) var up: [Message.Kind: Count] = [:]
    /// The first leases of units, by step: their number, and the times of the first and of the last one.
    private(set) var firstLeases: [Int: (count: Int, start: Double, end: Double)] = [:]
    private(set) var (firstLease, lastAcknowledgement) = (Double.infinity, 0.0)
    private(set) var (accepted, notAccepted) = (0, 0)

    mutating func received(_ kind: Message.Kind, bytes: Int) {
        down[kind, default: Count()].messages += 1
        down[kind, default: Count()].bytes += bytes
    }

    mutating func leased(_ lease: Lease, at time: Double) {
        firstLease = min(firstLease, time)
        guard lease.attempt == 1, lease.unit.phase == .train else { return }
        let step = firstLeases[lease.unit.step] ?? (0, time, time)
        firstLeases[lease.unit.step] = (step.count + 1, step.start, time)
    }

    mutating func sent(_ kind: Message.Kind, bytes: Int) {
        up[kind, default: Count()].messages += 1
        up[kind, default: Count()].bytes += bytes
    }

    mutating func acknowledged(isAccepted: Bool, at time: Double) {
        if isAccepted { accepted += 1 } else { notAccepted += 1 }
        lastAcknowledgement = time
    }
}
