import Foundation
import HeapModule
import T2Coordinator
import T2Core
import T2Transport

/// Rounds of units of one or several runs, and the workers that compute them, in emulated time around a real lease table.
struct LeaseTableEmulation {
    struct Worker {
        let name: WorkerIdentifier
        var received = 0
        /// The first one is on the lane.
        var held: [LeaseGrant] = []
        /// The speed relative to the other workers.
        var speed = 1.0
        /// The time at which the first lease came onto the lane.
        var begun = 0.0
    }

    private enum Kind {
        case clock
        case progress(worker: Int, LeaseGrant)
        case finish(worker: Int, LeaseGrant)
        case credit(worker: Int)
        case open(run: String)
    }

    private struct Happening: Comparable {
        let time: Double
        let number: Int
        let kind: Kind

        static func < (a: Happening, b: Happening) -> Bool { (a.time, a.number) < (b.time, b.number) }
        static func == (a: Happening, b: Happening) -> Bool { a.number == b.number }
    }

    private static let progressInterval = 2.0
    private static let tick = 0.25
    /// Seconds from the last result of a round to the first lease of the next, for the update and the checkpoint.
    private static let update = 0.2

    /// Units of each round.
    let unitCount: Int
    private let work: LogNormalWork
    private let runs: [String]
    private let stepCount: Int
    /// Rounds opened so far, by run.
    private var steps: [String: Int] = [:]
    private(set) var workers: [Worker]
    private(set) var times: [(event: String, seconds: Double)] = []
    private(set) var grants = 0
    private(set) var furtherCopies = 0
    private(set) var elapsed = 0.0
    /// Seconds from the opening of each round to its last result.
    private(set) var roundSeconds: [Double] = []
    private var opened: [String: Double] = [:]
    /// Lane-seconds of the leases whose results were accepted.
    private(set) var usefulSeconds = 0.0
    /// FNV-1a over the grants.
    private(set) var order: UInt64 = 0xcbf2_9ce4_8422_2325
    private var table = LeaseTable(epoch: 1)
    private var happenings = Heap<Happening>()
    private var happeningCount = 0
    private var completedRuns = 0
    private var indexes: [WorkerIdentifier: Int] = [:]
    private let start = ContinuousClock.now

    /// - Parameter slow: the number of workers at a quarter of the speed of the others.
    init(workers: Int, units: Int, work: LogNormalWork, runs: Int = 1, steps: Int = 1, slow: Int = 0) {
        unitCount = units
        self.work = work
        self.runs = runs == 1 ? ["run"] : (1...runs).map { "run-\($0)" }
        stepCount = steps
        self.workers = (0..<workers).map {
            Worker(name: WorkerIdentifier(name: "node-\($0)", incarnation: UInt64($0) + 1))
        }
        for (index, worker) in self.workers.enumerated() { indexes[worker.name] = index }
        for index in self.workers.indices.suffix(slow) { self.workers[index].speed = 0.25 }
    }

    /// The share of the workers' time that went into accepted results.
    var utilisation: Double { usefulSeconds / (elapsed * Double(workers.count)) }

    mutating func run() {
        for run in runs { open(run) }
        for index in workers.indices {
            handle(.workerJoined(workers[index].name, lanes: 1), "worker joined")
            giveCredit(index)
        }
        expect(.clock, after: Self.tick)
        while completedRuns < runs.count, let next = happenings.popMin() {
            elapsed = next.time
            happen(next.kind)
        }
    }

    private mutating func open(_ run: String) {
        let step = steps[run, default: 0] + 1
        steps[run] = step
        let units = (0..<unitCount).map { UnitKey(run: run, step: step, phase: .train, index: $0) }
        opened[run] = elapsed
        handle(.roundOpened(run: run, units: units), "round opened")
    }

    private mutating func close(_ run: String) {
        roundSeconds.append(elapsed - (opened[run] ?? elapsed))
        // After the event that completed the round: the table handles one event at a time.
        if steps[run] == stepCount { completedRuns += 1 } else { expect(.open(run: run), after: Self.update) }
    }

    private mutating func happen(_ kind: Kind) {
        switch kind {
        case .clock:
            let now = start + .seconds(elapsed)
            handle(.workersHeard(Dictionary(uniqueKeysWithValues: workers.map { ($0.name, now) })), "workers heard")
            handle(.clockTicked, "clock ticked")
            expect(.clock, after: Self.tick)
        case .progress(let worker, let grant):
            guard workers[worker].held.first == grant else { return }
            // What waits behind a lease that moves is renewed with it.
            for held in workers[worker].held {
                let tokens = held == grant ? Int(elapsed * 100) : 0
                let progress = Progress(unit: held.unit, attempt: held.attempt, tokens: tokens)
                handle(.progressed(workers[worker].name, progress), "progress")
            }
            expect(.progress(worker: worker, grant), after: Self.progressInterval)
        case .finish(let worker, let grant):
            guard workers[worker].held.first == grant else { return }
            usefulSeconds += elapsed - workers[worker].begun
            workers[worker].held.removeFirst()
            begin(worker)
            handle(
                .resultArrived(workers[worker].name, unit: grant.unit, attempt: grant.attempt, epoch: 1, defect: nil),
                "result")
            giveCredit(worker)
        case .credit(let worker): giveCredit(worker)
        case .open(let run): open(run)
        }
    }

    private mutating func giveCredit(_ worker: Int) {
        let state = workers[worker]
        // One lease on the lane and one ahead.
        handle(.creditGranted(state.name, count: 2 - state.held.count, received: state.received), "credit")
    }

    private mutating func handle(_ event: LeaseEvent, _ name: String) {
        let now = start + .seconds(elapsed)
        var effects: [LeaseEffect] = []
        times.append((name, seconds { effects = table.handle(event, at: now) }))
        for effect in effects {
            switch effect {
            case .grant(let grant): take(grant)
            case .cancel(let worker, let cancel): drop(cancel.unit, at: indexes[worker]!)
            case .roundCompleted(let run): close(run)
            default: break
            }
        }
    }

    private mutating func take(_ grant: LeaseGrant) {
        let worker = indexes[grant.worker]!
        grants += 1
        if grant.isFurtherCopy { furtherCopies += 1 }
        for part in [grant.unit.index, grant.attempt, worker] {
            order = (order ^ UInt64(part)) &* 0x100_0000_01b3
        }
        workers[worker].received += 1
        workers[worker].held.append(grant)
        if workers[worker].held.count == 1 { begin(worker) }
    }

    private mutating func drop(_ unit: UnitKey, at worker: Int) {
        guard let index = workers[worker].held.firstIndex(where: { $0.unit == unit }) else { return }
        workers[worker].held.remove(at: index)
        if index == 0 { begin(worker) }
        expect(.credit(worker: worker), after: 0)
    }

    /// The worker's first lease is on its lane now.
    private mutating func begin(_ worker: Int) {
        guard let grant = workers[worker].held.first else { return }
        workers[worker].begun = elapsed
        let run = runs.firstIndex(of: grant.unit.run) ?? 0
        expect(.progress(worker: worker, grant), after: Self.progressInterval)
        let seconds = work.seconds(
            step: grant.unit.step - 1, unit: run * unitCount + grant.unit.index, attempt: grant.attempt)
        expect(.finish(worker: worker, grant), after: seconds / workers[worker].speed)
    }

    private mutating func expect(_ kind: Kind, after delay: Double) {
        happeningCount += 1
        happenings.insert(Happening(time: elapsed + delay, number: happeningCount, kind: kind))
    }
}
