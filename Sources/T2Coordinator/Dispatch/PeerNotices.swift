/// Bounds the lines of the log that peers cause: the first ones of each peer, then one a minute with the number of those
/// left out, and a number a minute for all peers together.
package struct PeerNotices {
    private struct Count {
        var logged = 0
        var leftOut = 0
        var last: ContinuousClock.Instant
    }

    package static let first = 10
    package static let perMinute = 100
    private static let minute: Duration = .seconds(60)
    private static let peers = 1_000

    private var counts: [String: Count] = [:]
    private var window: (start: ContinuousClock.Instant, lines: Int)?

    package init() {}

    /// Notes an occurrence.
    ///
    /// - Returns: the number of occurrences left out since the peer's last line, or nil if this one is left out as well.
    package mutating func note(_ peer: String, at now: ContinuousClock.Instant) -> Int? {
        if counts.count >= Self.peers { counts = counts.filter { now - $0.value.last < Self.minute } }
        let key = counts[peer] != nil || counts.count < Self.peers ? peer : "other peers"
        var count = counts[key] ?? Count(last: now)
        defer { counts[key] = count }
        if window.map({ now - $0.start >= Self.minute }) ?? true { window = (now, 0) }
        let isFirst = count.logged < Self.first
        guard isFirst || now - count.last >= Self.minute, window?.lines ?? 0 < Self.perMinute else {
            count.leftOut += 1
            return nil
        }
        window?.lines += 1
        defer { count.leftOut = 0 }
        count.logged += 1
        count.last = now
        return count.leftOut
    }
}
