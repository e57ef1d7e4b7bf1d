import Foundation
import T2Coordinator
import T2Core
import Testing

@Suite("Several runs share the workers")
struct LeaseShareTests {
    typealias Fixture = LeaseTableFixture
    let ann = Fixture.ann
    let bob = Fixture.bob

    @Test("runs of equal weight take turns; one that had nothing to hand out is given nothing for the past")
    func turns() {
        var fixture = Fixture(units: 100, workers: [ann])
        func serve(_ count: Int) -> String {
            (0..<count).map { _ in
                let grant = fixture.take(.creditGranted(ann, count: 1)).grants[0]
                fixture.take(
                    .resultArrived(ann, unit: grant.unit, attempt: grant.attempt, epoch: 5, defect: nil), after: 1)
                return grant.unit.run
            }.joined()
        }
        #expect(serve(6) == "rrrrrr")
        fixture.take(.roundOpened(run: "s", units: Fixture.units(20, run: "s")))
        #expect(serve(6) == "rsrsrs")
        fixture.take(.roundOpened(run: "s", units: []))
        #expect(serve(6) == "rrrrrr")
        fixture.take(.roundOpened(run: "s", units: Fixture.units(20, run: "s"), weight: 2))
        let turns = serve(9)
        #expect(turns.count { $0 == "s" } == 6)
        #expect(!turns.contains("rr") && !turns.contains("sss"))
    }

    @Test("a round that opens or closes leaves other runs alone")
    func rounds() {
        var fixture = Fixture(units: 2, workers: [ann, bob], credit: 1)
        fixture.take(.roundOpened(run: "s", units: Fixture.units(2, run: "s")))
        fixture.take(.creditGranted(ann, count: 2))
        #expect(fixture.table.units.values.count { $0.leases.count == 1 } == 4)
        let effects = fixture.take(.roundClosed(run: "r"))
        #expect(effects.cancelled.sorted { $0.name < $1.name } == [ann, bob])
        #expect(fixture.table.units.keys.allSatisfy { $0.run == "s" })
        #expect(fixture.result(ann, 0).verdicts == [.stale])
        let last = (0..<2).flatMap {
            fixture.take(
                .resultArrived(ann, unit: Fixture.unit($0, run: "s"), attempt: 1, epoch: 5, defect: nil), after: 1)
        }
        #expect(last.contains(.roundCompleted(run: "s")))
        #expect(fixture.table.units.values.allSatisfy { $0.isAccepted })
    }

    @Test("a run that stops with an error leaves the other one at work")
    func stop() {
        var fixture = Fixture(units: 1, workers: [ann, bob])
        fixture.take(.roundOpened(run: "s", units: Fixture.units(2, run: "s")))
        fixture.take(.creditGranted(ann, count: 1))
        let effects = fixture.error(ann, Fixture.unit(0), attempt: 1, .nonFinite)
        #expect(effects.stops.map(\.unit) == [Fixture.unit(0)])
        #expect(fixture.take(.creditGranted(bob, count: 2)).grants.map(\.unit) == Fixture.units(2, run: "s"))
    }

    @Test("lane-seconds are shared as the weights 1 : 1 : 2, however different the units", arguments: 0..<3)
    func weights(seed: Int) {
        var cluster = ClusterOfLanes(seed: UInt64(seed))
        // Median seconds of a unit: the runs' units are not alike.
        let runs: [(name: String, weight: Double, median: Double)] = [("a", 1, 2), ("b", 1, 10), ("c", 2, 5)]
        for run in runs { cluster.open(run.name, weight: run.weight, median: run.median) }
        cluster.run(until: 6_000)
        let total = cluster.laneSeconds.values.reduce(0, +)
        #expect(total > 0.9 * 20 * 6_000)
        for run in runs {
            let share = cluster.laneSeconds[run.name, default: 0] / total
            #expect(abs(share - run.weight / 4) < 0.02, "\(run.name): \(share)")
        }
    }
}

/// Twenty workers of one lane, which ask for one lease ahead, in emulated time.
private struct ClusterOfLanes {
    private var fixture: LeaseTableFixture
    private let workers = (0..<20).map { WorkerIdentifier(name: "node-\($0)", incarnation: 1) }
    private var queues: [[LeaseGrant]] = Array(repeating: [], count: 20)
    private var ends: [Double?] = Array(repeating: nil, count: 20)
    private var medians: [String: Double] = [:]
    private var random: SeededRandom
    private var time = 0.0
    private(set) var laneSeconds: [String: Double] = [:]

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        fixture = LeaseTableFixture(units: 0, workers: workers, credit: 2)
    }

    mutating func open(_ run: String, weight: Double, median: Double) {
        medians[run] = median
        handle(.roundOpened(run: run, units: LeaseTableFixture.units(15_000, run: run), weight: weight))
    }

    mutating func run(until end: Double) {
        while time < end {
            let worker = ends.indices.filter { ends[$0] != nil }.min { ends[$0]! < ends[$1]! }!
            let passed = ends[worker]! - time
            time += passed
            fixture.now += .seconds(passed)
            let grant = queues[worker].removeFirst()
            begin(worker)
            handle(
                .resultArrived(
                    grant.worker, unit: grant.unit, attempt: grant.attempt, epoch: 5, defect: nil))
            handle(.creditGranted(grant.worker, count: 2 - queues[worker].count))
        }
    }

    private mutating func begin(_ worker: Int) {
        ends[worker] = nil
        guard let run = queues[worker].first?.unit.run else { return }
        let (u, v) = (Double.random(in: 0..<1, using: &random), Double.random(in: 0..<1, using: &random))
        let normal = (-2 * log(1 - u)).squareRoot() * cos(2 * .pi * v)
        let duration = medians[run]! * exp(normal)
        laneSeconds[run, default: 0] += duration
        ends[worker] = time + duration
    }

    private mutating func handle(_ event: LeaseEvent) {
        for effect in fixture.table.handle(event, at: fixture.now) {
            switch effect {
            case .grant(let grant):
                let worker = workers.firstIndex(of: grant.worker)!
                queues[worker].append(grant)
                if queues[worker].count == 1 { begin(worker) }
            case .cancel(let worker, let cancel):
                let worker = workers.firstIndex(of: worker)!
                guard let index = queues[worker].firstIndex(where: { $0.unit == cancel.unit }) else { continue }
                queues[worker].remove(at: index)
                if index == 0 { begin(worker) }
                handle(.creditGranted(workers[worker], count: 2 - queues[worker].count))
            default: break
            }
        }
    }
}
