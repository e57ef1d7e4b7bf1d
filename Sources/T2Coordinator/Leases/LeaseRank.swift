import T2Core

/// The order in which workers are served: the most credit first, so that units are spread evenly; then the order of joining.
struct ReadyRank: Sendable, Comparable {
    let credit: Int
    let number: Int

    static func < (a: ReadyRank, b: ReadyRank) -> Bool { (b.credit, a.number) < (a.credit, b.number) }
}

/// The order in which units get a further copy: the one whose last copy was granted earliest first.
struct CopyRank: Sendable, Comparable {
    let granted: ContinuousClock.Instant
    let key: UnitKey

    static func < (a: CopyRank, b: CopyRank) -> Bool { (a.granted, a.key) < (b.granted, b.key) }
}

/// The order in which waiting leases are taken from workers: the worker with the most of them first, then the one whose last
/// lease was granted last.
struct OverloadRank: Sendable, Comparable {
    let waiting: Int
    let last: Int

    static func < (a: OverloadRank, b: OverloadRank) -> Bool { (b.waiting, b.last) < (a.waiting, a.last) }
}
