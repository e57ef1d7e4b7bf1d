import T2Coordinator
import T2Core
import T2Transport
import Testing

/// Random events, and after each of them the invariants, and every index against a computation without it.
@Suite("Whatever happens in whatever order")
struct LeaseInvariantTests {
    @Test("every unit is accepted exactly once, and the table is as it says it is", arguments: 0..<8)
    func randomEvents(seed: Int) {
        var limits = LeaseLimits()
        (limits.failuresToPoison, limits.mostFailures) = (.max, .max)
        // Every other table ends leases without a new token.
        if seed.isMultiple(of: 2) { limits.longestStandstill = .seconds(40) }
        var chance = LeaseChance(seed: UInt64(seed), limits: limits)
        for _ in 0..<2_000 {
            chance.step()
            guard chance.problems.isEmpty else { break }
        }
        #expect(chance.problems.isEmpty, "event \(chance.count), \(chance.last)")
        chance.finish()
        #expect(chance.problems.isEmpty, "at the end: \(chance.last)")
        #expect(chance.accepted > 50)
        #expect(chance.table.units.values.allSatisfy { $0.isAccepted })
    }

    @Test("also where units poison their runs", arguments: 100..<104)
    func randomFailures(seed: Int) {
        var limits = LeaseLimits()
        (limits.failuresToPoison, limits.mostFailures) = (2, 3)
        var chance = LeaseChance(seed: UInt64(seed), limits: limits)
        for _ in 0..<2_000 {
            chance.step()
            guard chance.problems.isEmpty else { break }
        }
        #expect(chance.problems.isEmpty, "event \(chance.count), \(chance.last)")
        #expect(chance.stops > 0)
    }
}

/// A table to which anything may happen.
private struct LeaseChance {
    private(set) var table: LeaseTable
    private(set) var problems: [String] = []
    private(set) var count = 0
    private(set) var accepted = 0
    private(set) var stops = 0
    private(set) var last = ""
    private var now = ContinuousClock.now
    private var random: SeededRandom
    private var workers = (0..<6).map { WorkerIdentifier(name: "w\($0)", incarnation: 1) }
    private var steps: [String: Int] = [:]
    /// Leases ever granted in the open rounds, and those whose end was seen.
    private var granted: [LeaseName: WorkerIdentifier] = [:]
    private var ended: Set<LeaseName> = []
    private var done: Set<UnitKey> = []
    /// The leases that check a result, with the attempt that it is of.
    private var checks: [LeaseName: Int] = [:]

    init(seed: UInt64, limits: LeaseLimits) {
        random = SeededRandom(seed: seed)
        table = LeaseTable(epoch: 5, limits: limits)
    }

    private mutating func choose(_ count: Int) -> Int { Int(random.next() % UInt32(count)) }

    mutating func step() {
        now += .milliseconds(Int64(choose(1_500)))
        let worker = workers[choose(6)]
        let lease = anyLease()
        switch choose(27) {
        case 0: take(.workerJoined(worker, lanes: 1 + choose(3), kind: kind(worker), key: key(worker)))
        case 1: rejoin(worker)
        case 2: reincarnate()
        case 3...6: take(.creditGranted(worker, count: choose(5)))
        case 7: take(.connectionLost(worker))
        case 8 where choose(3) == 0: take(.workerLeft(worker))
        case 9: take(.clockTicked)
        case 10: take(.workersHeard(Dictionary(uniqueKeysWithValues: workers.map { ($0, now) })))
        case 11: openOrClose()
        case 12, 13:
            guard let (name, holder) = lease else { return }
            let progress = Progress(unit: name.unit, attempt: name.attempt, tokens: choose(50))
            take(.progressed(choose(5) == 0 ? worker : holder, progress))
        case 14:
            guard let (name, holder) = lease else { return }
            take(.leaseUndelivered(holder, unit: name.unit, attempt: name.attempt))
        case 15, 16:
            guard let (name, holder) = lease else { return }
            let category = choose(12) == 0 ? FailureCategory.nonFinite : .engine
            take(
                .unitFailed(
                    choose(4) == 0 ? worker : holder, unit: name.unit, attempt: name.attempt, category: category,
                    message: "none"))
        case 18:
            guard let (name, holder) = lease, table.units[name.unit]?.answered.count ?? 0 < 3 else { return }
            take(.resultHeld(choose(6) == 0 ? worker : holder, unit: name.unit, attempt: name.attempt))
        case 19 where choose(4) == 0:
            let accepted = table.units.values.filter(\.isAccepted).map(\.key).sorted()
            let held = table.units.values.filter { $0.held != nil }.map(\.key).sorted()
            let reopened = (accepted + held.filter { !accepted.contains($0) }).filter { _ in choose(3) == 0 }
            done.subtract(reopened)
            take(.unitsReopened(reopened))
        case 17:
            guard let (name, holder) = lease else { return }
            answer(name, of: holder, defect: ResultDefect(category: .missingReward, message: "no sandbox"))
        case 20 where choose(2) == 0: take(.pauseChanged(choose(4) == 0))
        case 21 where choose(8) == 0: take(.workerDrained(worker))
        default:
            guard let (name, holder) = lease else { return }
            answer(name, of: choose(6) == 0 ? worker : holder, defect: nil)
        }
    }

    /// All workers come back and compute what is left.
    mutating func finish() {
        take(.pauseChanged(false))
        for worker in workers where table.workers[worker]?.isDraining == true { take(.workerLeft(worker)) }
        for _ in 0..<400 where problems.isEmpty && table.units.values.contains(where: { !$0.isAccepted }) {
            now += .seconds(1)
            for worker in workers where table.workers[worker] == nil {
                take(.workerJoined(worker, lanes: 1, kind: kind(worker), key: key(worker)))
            }
            // Those that have answered wait for others, which may be none.
            take(.unitsReopened(table.units.values.filter { $0.held != nil }.map(\.key).sorted()))
            take(.workersHeard(Dictionary(uniqueKeysWithValues: workers.map { ($0, now) })))
            for worker in workers { take(.creditGranted(worker, count: 2)) }
            for (name, holder) in granted where !ended.contains(name) { answer(name, of: holder, defect: nil) }
            take(.clockTicked)
        }
    }

    private mutating func anyLease() -> (LeaseName, WorkerIdentifier)? {
        let live = granted.keys.filter { !ended.contains($0) }
        let names = (live.isEmpty || choose(3) == 0 ? Array(granted.keys) : live).sorted()
        guard !names.isEmpty else { return nil }
        let name = names[choose(names.count)]
        return granted[name].map { (name, $0) }
    }

    private mutating func answer(_ name: LeaseName, of worker: WorkerIdentifier, defect: ResultDefect?) {
        take(
            .resultArrived(
                worker, unit: name.unit, attempt: name.attempt, epoch: choose(20) == 0 ? 4 : 5, defect: defect))
    }

    private mutating func rejoin(_ worker: WorkerIdentifier) {
        let held = granted.filter { $0.value == worker }.keys.sorted().filter { _ in choose(2) == 0 }
        take(.workerJoined(worker, lanes: 2, kind: kind(worker), key: key(worker), holding: Set(held)))
    }

    private mutating func reincarnate() {
        let index = choose(6)
        let old = workers[index]
        workers[index] = WorkerIdentifier(name: old.name, incarnation: old.incarnation + 1)
        take(.workerJoined(workers[index], lanes: 1 + choose(2), kind: kind(old), key: key(old)))
    }

    /// Workers of three machine kinds: three of one, two of another, and one of a third.
    private func kind(_ worker: WorkerIdentifier) -> String {
        ["a", "a", "a", "b", "b", "c"][workers.firstIndex { $0.name == worker.name } ?? 0]
    }

    /// Two workers share a key, two others share another one, and two have none.
    private func key(_ worker: WorkerIdentifier) -> String? {
        ["x", nil, "x", "y", nil, "y"][workers.firstIndex { $0.name == worker.name } ?? 0]
    }

    private mutating func openOrClose() {
        let run = ["a", "b", "c"][choose(3)]
        let isDone = table.units.values.allSatisfy { $0.key.run != run || $0.isAccepted }
        guard isDone || choose(4) == 0 else { return }
        // Answers to the round before still come in.
        granted = granted.filter { $0.key.unit.run != run || $0.key.unit.step == steps[run] }
        if choose(5) == 0 {
            take(.roundClosed(run: run))
        } else {
            steps[run, default: 0] += 1
            let phase: Phase = choose(2) == 0 ? .train : .validation
            let units = (0..<choose(14)).map { LeaseTableFixture.unit($0, run: run, step: steps[run]!, phase: phase) }
            take(.roundOpened(run: run, units: units, weight: Double(1 + choose(3))))
        }
    }

    private mutating func take(_ event: LeaseEvent) {
        count += 1
        let heldBefore = table.units.compactMapValues { $0.held?.attempt }
        let effects = table.handle(event, at: now)
        last = "\(event)"
        for effect in effects {
            switch effect {
            case .grant(let grant):
                let name = LeaseName(unit: grant.unit, attempt: grant.attempt)
                expect(granted.updateValue(grant.worker, forKey: name) == nil, "\(name) granted twice")
                checks[name] = grant.checks
                let held = table.units[grant.unit]?.held
                expect(
                    grant.checks == (held.flatMap { kind($0.worker) == kind(grant.worker) ? nil : $0.attempt }),
                    "\(name) checks \(grant.checks ?? 0)")
            case .accept(let unit, let attempt, let worker):
                accepted += 1
                expect(done.insert(unit).inserted, "\(unit) accepted twice")
                let name = LeaseName(unit: unit, attempt: attempt)
                expect(granted[name] == worker, "\(name) accepted from \(worker)")
                expect(
                    checks[name] == nil || checks[name] == heldBefore[unit], "\(name) accepted, a check of nothing held"
                )
            case .roundCompleted(let run):
                let open = table.units.values.contains { $0.key.run == run && !$0.isAccepted }
                expect(!open, "run \(run) completed with open units")
            case .stop(let stop):
                stops += 1
                granted = granted.filter { $0.key.unit.run != stop.unit.run }
                expect(!table.units.keys.contains { $0.run == stop.unit.run }, "\(stop.unit.run) goes on")
            default: break
            }
        }
        for unit in table.units.values {
            for lease in unit.leases {
                let name = LeaseName(unit: unit.key, attempt: lease.attempt)
                expect(!ended.contains(name), "\(name) is back")
                expect(granted[name] == lease.worker, "\(name) is another's")
            }
        }
        for name in granted.keys
        where table.units[name.unit]?.leases.contains(where: { $0.attempt == name.attempt }) != true {
            ended.insert(name)
        }
        problems += table.problems(at: now, isSettled: effects.stops.isEmpty)
    }

    private mutating func expect(_ condition: Bool, _ problem: @autoclosure () -> String) {
        if !condition { problems.append(problem()) }
    }
}
