import T2Core

/// Reports what a run waits for, from which workers and since when, while no result is accepted. It is pure.
package struct Watchdog: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// The time between two reports.
    package static let interval: Duration = .seconds(30)
    /// The number of units named in one report.
    private static let named = 8

    private var quietSince: Instant
    private var lastReport: Instant

    package init(at now: Instant) {
        quietSince = now
        lastReport = now
    }

    /// Records that a result was accepted; the wait starts anew.
    package mutating func advanced(at now: Instant) { self = Watchdog(at: now) }

    /// The report due at this time, if any.
    package mutating func report(_ table: LeaseTable, endpoint: String, at now: Instant) -> String? {
        guard now - lastReport >= Self.interval else { return nil }
        lastReport = now
        let waiting = (now - quietSince).inSeconds
        guard !table.workers.isEmpty else {
            return "nothing accepted for \(waiting) and no worker is here; start one with: t2-worker join \(endpoint)"
        }
        let open = table.units.values.filter { !$0.isAccepted }.sorted { $0.key < $1.key }
        let leased = open.filter { !$0.leases.isEmpty }
        let hasSeveralRuns = Set(open.map(\.key.run)).count > 1
        var text =
            "nothing accepted for \(waiting); \(open.count) units open, \(open.count - leased.count) of them not handed out"
        for unit in leased.prefix(Self.named) {
            let name = hasSeveralRuns ? "\(unit.key)" : "\(unit.key.phase.rawValue)/\(unit.key.index)"
            for lease in unit.leases {
                text +=
                    "; \(name) from \(lease.worker) since \((now - lease.granted).inSeconds)"
                    + " (\(lease.tokens) tokens\(lease.attempt > 1 ? ", attempt \(lease.attempt)" : ""))"
            }
        }
        if leased.count > Self.named { text += "; and \(leased.count - Self.named) more" }
        return text
    }
}
