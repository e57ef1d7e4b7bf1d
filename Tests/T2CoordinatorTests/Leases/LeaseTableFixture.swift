import T2Core
import T2Coordinator
import T2Transport

/// A lease table with a clock that moves only when told.
struct LeaseTableFixture {
    static let ann = WorkerIdentifier(name: "ann", incarnation: 1)
    static let bob = WorkerIdentifier(name: "bob", incarnation: 1)
    static let eve = WorkerIdentifier(name: "eve", incarnation: 1)

    var table: LeaseTable
    var now = ContinuousClock.now

    static func unit(_ index: Int, run: String = "r", step: Int = 0, phase: Phase = .train) -> UnitKey {
        UnitKey(run: run, step: step, phase: phase, index: index)
    }

    static func units(_ count: Int, run: String = "r") -> [UnitKey] { (0..<count).map { unit($0, run: run) } }

    init(
        units: Int, workers: [WorkerIdentifier] = [], lanes: Int = 1, credit: Int = 0,
        limits: LeaseLimits = LeaseLimits()
    ) {
        table = LeaseTable(epoch: 5, limits: limits)
        _ = table.handle(.roundOpened(run: "r", units: Self.units(units)), at: now)
        for worker in workers {
            take(.workerJoined(worker, lanes: lanes))
            if credit > 0 { take(.creditGranted(worker, count: credit)) }
        }
    }

    @discardableResult
    mutating func take(_ event: LeaseEvent, after seconds: Double = 0) -> [LeaseEffect] {
        now += .seconds(seconds)
        return table.handle(event, at: now)
    }

    /// Time passes in small ticks while these workers keep sending heartbeats.
    @discardableResult
    mutating func wait(_ seconds: Int, heard: [WorkerIdentifier]) -> [LeaseEffect] {
        (0..<seconds).flatMap { _ in
            now += .seconds(1)
            return table.handle(.workersHeard(Dictionary(uniqueKeysWithValues: heard.map { ($0, now) })), at: now)
                + table.handle(.clockTicked, at: now)
        }
    }

    @discardableResult
    mutating func result(
        _ worker: WorkerIdentifier, _ index: Int, attempt: Int = 1, epoch: UInt64 = 5, defect: ResultDefect? = nil,
        after seconds: Double = 1
    ) -> [LeaseEffect] {
        take(
            .resultArrived(worker, unit: Self.unit(index), attempt: attempt, epoch: epoch, defect: defect),
            after: seconds)
    }

    /// The worker reports that it cannot compute the unit.
    @discardableResult
    mutating func error(
        _ worker: WorkerIdentifier, _ unit: UnitKey, attempt: Int, _ category: FailureCategory = .engine
    )
        -> [LeaseEffect]
    {
        take(.unitFailed(worker, unit: unit, attempt: attempt, category: category, message: "out of memory"), after: 1)
    }
}

extension [LeaseEffect] {
    var grants: [LeaseGrant] { compactMap { if case .grant(let grant) = $0 { grant } else { nil } } }

    var verdicts: [Acknowledgement.Verdict] {
        compactMap { if case .acknowledge(_, let acknowledgement) = $0 { acknowledgement.verdict } else { nil } }
    }

    var stops: [LeaseStop] { compactMap { if case .stop(let stop) = $0 { stop } else { nil } } }

    var failures: [UnitFailure] {
        compactMap { if case .failed(_, let failure) = $0 { failure } else { nil } }
    }

    var cancelled: [WorkerIdentifier] { compactMap { if case .cancel(let worker, _) = $0 { worker } else { nil } } }

    var dismissed: [WorkerIdentifier] { compactMap { if case .dismiss(let worker, _) = $0 { worker } else { nil } } }

    var ignored: [String] {
        compactMap { if case .ignored(_, _, let reason) = $0 { reason } else { nil } }
    }
}
