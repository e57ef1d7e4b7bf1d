import T2Coordinator
import T2Core
import T2Transport
import Testing

struct LeaseTableTests {
    typealias Bench = TableBench
    let missing = ResultDefect(category: .missingReward, message: "no sandbox")

    @Test("a worker gets as many leases as it gave credit for, in order")
    func credit() {
        var bench = Bench(units: 5, workers: [Bench.ann])
        #expect(bench.take(.creditGranted(Bench.ann, count: 2)).grants.map(\.unit) == [Bench.unit(0), Bench.unit(1)])
        #expect(bench.take(.clockTicked).grants.isEmpty)
        #expect(bench.take(.creditGranted(Bench.ann, count: 1)).grants.map(\.unit) == [Bench.unit(2)])
    }

    @Test("leases on their way when a worker speaks of its credit are part of it")
    func creditInFlight() {
        var bench = Bench(units: 9, workers: [Bench.ann])
        bench.take(.creditGranted(Bench.ann, count: 3, received: 0))
        // Two have arrived, one of them is done, the third is on its way: of two that it can take, that is one.
        let next = bench.take(.creditGranted(Bench.ann, count: 2, received: 2)).grants
        #expect(next.map(\.unit) == [Bench.unit(3)])
        // Undelivered ones are not on their way.
        bench.take(.leaseUndelivered(Bench.ann, unit: Bench.unit(3), attempt: 1))
        #expect(bench.take(.creditGranted(Bench.ann, count: 1, received: 3), after: 1).grants.count == 1)
        // After HELLO both count from nothing.
        bench.take(.workerJoined(Bench.ann, lanes: 1))
        #expect(bench.take(.creditGranted(Bench.ann, count: 2, received: 0)).grants.count == 2)
    }

    @Test("units spread over workers with credit instead of piling up at the first")
    func spread() {
        var bench = Bench(units: 4, workers: [Bench.ann, Bench.bob])
        _ = bench.take(.stepOpened([]))
        bench.take(.creditGranted(Bench.ann, count: 2))
        bench.take(.creditGranted(Bench.bob, count: 2))
        let grants = bench.take(.stepOpened((0..<4).map { Bench.unit($0) })).grants
        #expect(grants.map(\.worker) == [Bench.ann, Bench.bob, Bench.ann, Bench.bob])
    }

    @Test("a valid result is stored before it is acknowledged, and the last one completes the step")
    func acceptance() {
        var bench = Bench(units: 1, workers: [Bench.ann], credit: 1)
        let effects = bench.result(Bench.ann, 0)
        #expect(
            effects == [
                .accept(Bench.unit(0), attempt: 1, by: Bench.ann),
                .acknowledge(Bench.ann, Acknowledgement(unit: Bench.unit(0), attempt: 1, verdict: .accepted)),
                .stepCompleted,
            ])
    }

    @Test("a second result of a unit is a duplicate")
    func duplicate() {
        var bench = Bench(units: 2, workers: [Bench.ann], credit: 2)
        bench.result(Bench.ann, 0)
        #expect(bench.result(Bench.ann, 0).verdicts == [.duplicate])
        #expect(bench.table.units[Bench.unit(1)]?.isAccepted == false)
    }

    @Test("a result of another epoch, step or run is stale")
    func stale() {
        var bench = Bench(units: 1, workers: [Bench.ann], credit: 1)
        #expect(bench.result(Bench.ann, 0, epoch: 4).verdicts == [.stale])
        for unit in [Bench.unit(0, step: 9), UnitKey(run: "other", step: 0, phase: .train, index: 0)] {
            #expect(
                bench.take(.resultArrived(Bench.ann, unit: unit, attempt: 1, epoch: 5, defect: nil)).verdicts == [
                    .stale
                ])
        }
        #expect(bench.result(Bench.ann, 0).verdicts == [.accepted])
    }

    @Test("an attempt that was never handed out is refused")
    func inventedAttempt() {
        var bench = Bench(units: 1, workers: [Bench.ann], credit: 1)
        #expect(bench.result(Bench.ann, 0, attempt: 2).verdicts == [.refused])
        #expect(bench.result(Bench.ann, 0, attempt: 0).verdicts == [.refused])
    }

    @Test("a lease without progress expires after 30 s and its unit goes out as the next attempt")
    func expiry() {
        var bench = Bench(units: 1, workers: [Bench.ann], credit: 1)
        #expect(bench.wait(29, heard: [Bench.ann]).failures.isEmpty)
        bench.take(.creditGranted(Bench.ann, count: 1))
        let effects = bench.wait(1, heard: [Bench.ann])
        #expect(effects.failures.map(\.category) == ["expired"])
        #expect(effects.cancelled == [Bench.ann])
        #expect(effects.grants.map(\.attempt) == [2])
    }

    @Test("progress renews a lease; progress of another attempt does not")
    func renewal() {
        var bench = Bench(units: 1, workers: [Bench.ann], credit: 1)
        bench.wait(20, heard: [Bench.ann])
        bench.take(.progressed(Bench.ann, Progress(unit: Bench.unit(0), attempt: 1, tokens: 40)))
        #expect(bench.wait(20, heard: [Bench.ann]).failures.isEmpty)
        bench.take(.progressed(Bench.ann, Progress(unit: Bench.unit(0), attempt: 2, tokens: 40)))
        #expect(bench.wait(10, heard: [Bench.ann]).failures.map(\.category) == ["expired"])
    }

    @Test("leases of a slow worker last three times its 95th percentile")
    func leaseLength() {
        var bench = Bench(units: 3, workers: [Bench.ann], credit: 1)
        for _ in 0..<4 {
            bench.wait(5, heard: [Bench.ann])
            bench.take(.progressed(Bench.ann, Progress(unit: Bench.unit(0), attempt: 1, tokens: 1)))
        }
        bench.result(Bench.ann, 0, after: 0)
        let next = bench.take(.creditGranted(Bench.ann, count: 1)).grants
        #expect(next.map(\.length) == [.seconds(60)])
    }

    @Test("the late result of an expired lease still counts, and the second lease is cancelled")
    func lateResult() {
        var bench = Bench(units: 1, workers: [Bench.ann, Bench.bob], credit: 1)
        let effects = bench.wait(30, heard: [Bench.ann, Bench.bob])
        #expect(effects.grants.contains { $0.worker == Bench.bob })
        let accepted = bench.result(Bench.ann, 0)
        #expect(accepted.verdicts == [.accepted])
        #expect(accepted.cancelled == [Bench.bob])
        #expect(bench.result(Bench.bob, 0, attempt: 2).verdicts == [.duplicate])
    }

    @Test("silence: suspected at 5 s, dead at 15 s, its leases out again at once")
    func death() {
        var bench = Bench(units: 2, workers: [Bench.ann, Bench.bob], lanes: 2)
        bench.take(.creditGranted(Bench.ann, count: 2))
        #expect(bench.wait(4, heard: [Bench.bob]).isEmpty)
        guard case .report(.suspected(Bench.ann, _)) = bench.wait(1, heard: [Bench.bob]).first else {
            Issue.record("expected a suspicion at 5 s")
            return
        }
        #expect(bench.wait(9, heard: [Bench.bob]).dismissed.isEmpty)
        bench.take(.creditGranted(Bench.bob, count: 2))
        let effects = bench.wait(1, heard: [Bench.bob])
        #expect(effects.dismissed == [Bench.ann])
        #expect(effects.failures.map(\.category) == ["vanished", "vanished"])
        #expect(bench.table.workers.keys.elementsEqual([Bench.bob]))
    }

    @Test("a worker that was heard again is no longer suspected and takes leases")
    func recovery() {
        var bench = Bench(units: 2, workers: [Bench.ann], credit: 1)
        bench.wait(6, heard: [])
        #expect(bench.table.workers[Bench.ann]?.isSuspect == true)
        #expect(bench.take(.creditGranted(Bench.ann, count: 1), after: 1).grants.map(\.unit) == [Bench.unit(1)])
        #expect(bench.table.workers[Bench.ann]?.isSuspect == false)
    }

    @Test("a worker started anew replaces its old incarnation, whose leases go out again")
    func reincarnation() {
        var bench = Bench(units: 1, workers: [Bench.ann], credit: 1)
        let reborn = WorkerIdentifier(name: "ann", incarnation: 2)
        let effects = bench.take(.workerJoined(reborn, lanes: 1))
        #expect(effects.dismissed == [Bench.ann])
        #expect(bench.take(.creditGranted(reborn, count: 1)).grants.map(\.attempt) == [2])
    }

    @Test("a worker that says HELLO again keeps its leases but must say its credit anew")
    func reconnection() {
        var bench = Bench(units: 3, workers: [Bench.ann])
        bench.take(.creditGranted(Bench.ann, count: 1))
        bench.take(.connectionLost(Bench.ann))
        bench.take(.creditGranted(Bench.ann, count: 0), after: 1)
        #expect(bench.take(.workerJoined(Bench.ann, lanes: 1), after: 1).isEmpty)
        #expect(bench.table.units[Bench.unit(0)]?.leases.count == 1)
        #expect(bench.take(.creditGranted(Bench.ann, count: 1)).grants.map(\.unit) == [Bench.unit(1)])
    }

    @Test("a namesake is one that is alive: not a worker that went silent or lost its connection")
    func namesake() {
        var bench = Bench(units: 1, workers: [Bench.ann])
        let other = WorkerIdentifier(name: "ann", incarnation: 2)
        #expect(bench.table.namesake(of: other) == Bench.ann)
        #expect(bench.table.namesake(of: Bench.ann) == nil)
        bench.take(.connectionLost(Bench.ann))
        #expect(bench.table.namesake(of: other) == nil)
        bench.take(.creditGranted(Bench.ann, count: 0), after: 1)
        #expect(bench.table.namesake(of: other) == Bench.ann)
        bench.wait(5, heard: [])
        #expect(bench.table.namesake(of: other) == nil)
    }

    @Test("a clean leave returns the leases without blame")
    func leave() {
        var bench = Bench(units: 1, workers: [Bench.ann, Bench.bob])
        bench.take(.creditGranted(Bench.ann, count: 1))
        bench.take(.creditGranted(Bench.bob, count: 1))
        let effects = bench.take(.workerLeft(Bench.ann))
        #expect(effects.grants.map(\.worker) == [Bench.bob])
        #expect(bench.table.units[Bench.unit(0)]?.failures.isEmpty == true)
    }

    @Test("a lease that could not be delivered goes to another worker without blame")
    func undelivered() {
        var bench = Bench(units: 1, workers: [Bench.ann, Bench.bob])
        bench.take(.creditGranted(Bench.ann, count: 3))
        bench.take(.creditGranted(Bench.bob, count: 1))
        let effects = bench.take(.leaseUndelivered(Bench.ann, unit: Bench.unit(0), attempt: 1))
        #expect(effects.grants.map(\.worker) == [Bench.bob])
        #expect(bench.table.units[Bench.unit(0)]?.failures.isEmpty == true)
    }

    @Test("a unit that failed on a worker goes to one that has not tried it")
    func otherWorker() {
        var bench = Bench(units: 1, workers: [Bench.ann, Bench.bob])
        bench.take(.creditGranted(Bench.ann, count: 5))
        #expect(bench.result(Bench.ann, 0, defect: missing).verdicts == [.refused])
        #expect(bench.take(.clockTicked).grants.isEmpty)
        #expect(bench.take(.creditGranted(Bench.bob, count: 1)).grants.map(\.attempt) == [2])
    }

    @Test("failures on three workers poison a unit; on fewer workers it takes six")
    func poison() throws {
        var bench = Bench(units: 1, workers: [Bench.ann, Bench.bob, Bench.eve], credit: 5)
        var stops: [LeaseStop] = []
        for attempt in 1...3 {
            guard let lease = bench.table.units[Bench.unit(0)]?.leases.first else { break }
            stops += bench.result(lease.worker, 0, attempt: attempt, defect: missing).stops
        }
        guard case .poisoned(let unit, let failures) = stops.first else {
            Issue.record("expected the run to stop")
            return
        }
        #expect(unit == Bench.unit(0))
        #expect(Set(failures.map(\.worker)) == [Bench.ann, Bench.bob, Bench.eve])

        for workers in [[Bench.ann], [Bench.ann, Bench.bob]] {
            var few = Bench(units: 1, workers: workers, credit: 9)
            var ends: [Int] = []
            for attempt in 1...6 {
                let lease = try #require(few.table.units[Bench.unit(0)]?.leases.first)
                let effects = few.result(lease.worker, 0, attempt: attempt, defect: missing)
                if !effects.stops.isEmpty { ends.append(attempt) }
            }
            #expect(ends == [6])
        }
    }

    @Test("an error that a worker reports ends its lease and counts as a failure")
    func reportedError() {
        var bench = Bench(units: 1, workers: [Bench.ann], credit: 2)
        let effects = bench.take(
            .unitFailed(Bench.ann, unit: Bench.unit(0), attempt: 1, category: "engine", message: "out of memory"))
        #expect(effects.failures.map(\.category) == ["engine"])
        #expect(effects.grants.map(\.attempt) == [2])
    }

    @Test("a failure that comes after its lease has ended is not counted twice")
    func failureAfterExpiry() {
        var bench = Bench(units: 1, workers: [Bench.ann], credit: 1)
        bench.wait(30, heard: [Bench.ann])
        bench.take(.unitFailed(Bench.ann, unit: Bench.unit(0), attempt: 1, category: "engine", message: "late"))
        #expect(bench.table.units[Bench.unit(0)]?.failures.count == 1)
    }

    @Test("numbers that are not finite stop the run at once, and nothing more is handed out")
    func nonFinite() {
        var bench = Bench(units: 2, workers: [Bench.ann, Bench.bob], credit: 1)
        let defect = ResultDefect(category: .nonFinite, message: "the gradient at value 3")
        bench.take(.creditGranted(Bench.ann, count: 1))
        let effects = bench.result(Bench.ann, 0, defect: defect)
        #expect(effects.verdicts == [.refused])
        guard case .nonFinite(let unit, let failure) = effects.stops.first else {
            Issue.record("expected the run to stop")
            return
        }
        #expect(unit == Bench.unit(0))
        #expect(failure.message == "the gradient at value 3")
        #expect(effects.grants.isEmpty)
    }

    @Test("an idle worker takes over what only waits behind another unit, and the old lease is cancelled")
    func takeover() {
        var bench = Bench(units: 3, workers: [Bench.ann, Bench.bob])
        bench.take(.creditGranted(Bench.ann, count: 3))
        let effects = bench.take(.creditGranted(Bench.bob, count: 1))
        #expect(effects.cancelled == [Bench.ann])
        #expect(effects.grants.map(\.unit) == [Bench.unit(2)])
        #expect(effects.grants.allSatisfy { !$0.isSecondCopy && $0.attempt == 2 && $0.worker == Bench.bob })
        // Not idle any more: what waits stays where it is.
        #expect(bench.take(.creditGranted(Bench.bob, count: 1)).isEmpty)
        #expect(bench.table.units[Bench.unit(2)]?.failures.isEmpty == true)
        // The old worker was quicker after all.
        #expect(bench.result(Bench.ann, 2).verdicts == [.accepted])
    }

    @Test("what has begun is not taken over")
    func begun() {
        var bench = Bench(units: 2, workers: [Bench.ann, Bench.bob])
        bench.take(.creditGranted(Bench.ann, count: 2))
        bench.take(.progressed(Bench.ann, Progress(unit: Bench.unit(1), attempt: 1, tokens: 3)))
        #expect(bench.take(.creditGranted(Bench.bob, count: 1)).isEmpty)
    }

    @Test("a worker with lanes enough has nothing waiting")
    func lanes() {
        var bench = Bench(units: 2)
        bench.take(.workerJoined(Bench.ann, lanes: 2))
        bench.take(.workerJoined(Bench.bob, lanes: 2))
        bench.take(.creditGranted(Bench.ann, count: 2))
        #expect(bench.take(.creditGranted(Bench.bob, count: 2)).isEmpty)
    }

    @Test("near the end an idle worker gets a second copy of the slowest unit; the first result wins")
    func secondCopy() {
        var bench = Bench(units: 3, workers: [Bench.ann, Bench.bob], lanes: 3)
        bench.take(.creditGranted(Bench.ann, count: 3))
        bench.result(Bench.ann, 0, after: 2)
        #expect(bench.take(.creditGranted(Bench.bob, count: 2), after: 1).grants.isEmpty)
        let copies = bench.wait(2, heard: [Bench.ann, Bench.bob]).grants
        #expect(copies.map(\.unit) == [Bench.unit(1), Bench.unit(2)])
        #expect(copies.allSatisfy { $0.isSecondCopy && $0.worker == Bench.bob && $0.attempt == 2 })
        let effects = bench.result(Bench.bob, 1, attempt: 2)
        #expect(effects.verdicts == [.accepted])
        #expect(effects.cancelled == [Bench.ann])
        #expect(bench.result(Bench.ann, 1).verdicts == [.duplicate])
        #expect(bench.table.units[Bench.unit(1)]?.secondCopies == 1)
    }

    @Test("there are never more than two copies, nor two on one worker")
    func copiesAreBounded() {
        var bench = Bench(units: 2, workers: [Bench.ann, Bench.bob, Bench.eve], credit: 9)
        bench.result(Bench.ann, 0)
        let grants = bench.wait(20, heard: [Bench.ann, Bench.bob, Bench.eve]).grants
        #expect(grants.count == 1)
        let leases = bench.table.units[Bench.unit(1)]?.leases ?? []
        #expect(leases.count == 2)
        #expect(Set(leases.map(\.worker)).count == 2)
    }

    @Test("a unit of a suspect worker is copied without waiting for it to be slow")
    func copyFromSuspect() {
        var bench = Bench(units: 1, workers: [Bench.ann, Bench.bob])
        bench.take(.creditGranted(Bench.ann, count: 1))
        bench.take(.creditGranted(Bench.bob, count: 1))
        #expect(bench.wait(5, heard: [Bench.bob]).grants.map(\.worker) == [Bench.bob])
    }

    @Test("no token for 60 s is reported as stuck, once, although progress keeps the lease")
    func stuck() {
        var bench = Bench(units: 1, workers: [Bench.ann], credit: 1)
        var reports: [LeaseReport] = []
        for _ in 0..<9 {
            bench.take(.progressed(Bench.ann, Progress(unit: Bench.unit(0), attempt: 1, tokens: 7)))
            for case .report(let report) in bench.wait(10, heard: [Bench.ann]) { reports.append(report) }
        }
        #expect(reports == [.stuck(Bench.ann, Bench.unit(0), withoutTokenFor: .seconds(60))])
    }

    @Test("after a pause of the coordinator itself nobody is blamed")
    func ownPause() {
        var bench = Bench(units: 1, workers: [Bench.ann], credit: 1)
        bench.take(.clockTicked)
        let effects = bench.take(.clockTicked, after: 3600)
        #expect(effects.isEmpty)
        #expect(bench.table.workers[Bench.ann] != nil)
    }

    @Test("units left over from a step are forgotten when the next one opens")
    func nextStep() {
        var bench = Bench(units: 2, workers: [Bench.ann], credit: 2)
        bench.take(.stepOpened([Bench.unit(0, step: 1)]))
        #expect(bench.table.units.count == 1)
        #expect(bench.result(Bench.ann, 0).verdicts == [.stale])
    }

    @Test("whatever happens in whatever order, every unit is accepted exactly once", arguments: 0..<40)
    func randomEvents(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var policy = LeasePolicy()
        (policy.failuresToPoison, policy.mostFailures) = (.max, .max)
        var bench = Bench(units: 12, policy: policy)
        let workers = [Bench.ann, Bench.bob, Bench.eve]
        var held: [LeaseGrant] = []
        var accepted: [UnitKey: Int] = [:]
        var completions = 0
        for _ in 0..<4000 where accepted.count < 12 {
            let worker = workers[Int(random.next() % 3)]
            bench.now += .milliseconds(Int64(random.next() % 3000))
            let event: LeaseEvent
            switch random.next() % 10 {
            case 0: event = .workerJoined(worker, lanes: 1)
            case 1, 2: event = .creditGranted(worker, count: Int(random.next() % 3))
            case 3 where random.next() % 4 == 0: event = .workerLeft(worker)
            case 4: event = .clockTicked
            case 5: event = .workersHeard(Dictionary(uniqueKeysWithValues: workers.map { ($0, bench.now) }))
            default:
                guard let grant = held.isEmpty ? nil : held[Int(random.next() % UInt64(held.count))] else { continue }
                event = .resultArrived(grant.worker, unit: grant.unit, attempt: grant.attempt, epoch: 5, defect: nil)
            }
            for effect in bench.table.handle(event, at: bench.now) {
                switch effect {
                case .grant(let grant): held.append(grant)
                case .accept(let unit, _, _): accepted[unit, default: 0] += 1
                case .stepCompleted: completions += 1
                default: break
                }
            }
            for unit in bench.table.units.values {
                #expect(unit.leases.count <= 2)
                #expect(Set(unit.leases.map(\.worker)).count == unit.leases.count)
                #expect(!unit.isAccepted || unit.leases.isEmpty)
            }
        }
        #expect(accepted.count == 12)
        #expect(accepted.values.allSatisfy { $0 == 1 })
        #expect(completions == 1)
    }
}
