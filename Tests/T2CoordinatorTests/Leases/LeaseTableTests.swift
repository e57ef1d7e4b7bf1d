import T2Coordinator
import T2Core
import T2Transport
import Testing

struct LeaseTableTests {
    typealias Fixture = LeaseTableFixture
    let missing = ResultDefect(category: .missingReward, message: "no sandbox")

    @Test("a worker gets as many leases as it gave credit for, in order")
    func credit() {
        var fixture = Fixture(units: 5, workers: [Fixture.ann])
        #expect(
            fixture.take(.creditGranted(Fixture.ann, count: 2)).grants.map(\.unit) == [
                Fixture.unit(0), Fixture.unit(1),
            ])
        #expect(fixture.take(.clockTicked).grants.isEmpty)
        #expect(fixture.take(.creditGranted(Fixture.ann, count: 1)).grants.map(\.unit) == [Fixture.unit(2)])
    }

    @Test("leases on their way when a worker speaks of its credit are part of it")
    func creditInFlight() {
        var fixture = Fixture(units: 9, workers: [Fixture.ann])
        fixture.take(.creditGranted(Fixture.ann, count: 3, received: 0))
        // Two have arrived, one of them is done, the third is on its way: of two that it can take, that is one.
        let next = fixture.take(.creditGranted(Fixture.ann, count: 2, received: 2)).grants
        #expect(next.map(\.unit) == [Fixture.unit(3)])
        // Undelivered ones are not on their way.
        fixture.take(.leaseUndelivered(Fixture.ann, unit: Fixture.unit(3), attempt: 1))
        #expect(fixture.take(.creditGranted(Fixture.ann, count: 1, received: 3), after: 1).grants.count == 1)
        // After HELLO both count from nothing.
        fixture.take(.workerJoined(Fixture.ann, lanes: 1))
        #expect(fixture.take(.creditGranted(Fixture.ann, count: 2, received: 0)).grants.count == 2)
    }

    @Test("units spread over workers with credit instead of piling up at the first")
    func spread() {
        var fixture = Fixture(units: 4, workers: [Fixture.ann, Fixture.bob])
        fixture.take(.roundOpened(run: "r", units: []))
        fixture.take(.creditGranted(Fixture.ann, count: 2))
        fixture.take(.creditGranted(Fixture.bob, count: 2))
        let grants = fixture.take(.roundOpened(run: "r", units: Fixture.units(4))).grants
        #expect(grants.map(\.worker) == [Fixture.ann, Fixture.bob, Fixture.ann, Fixture.bob])
    }

    @Test("a valid result is stored before it is acknowledged, and the last one completes the round")
    func acceptance() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann], credit: 1)
        let effects = fixture.result(Fixture.ann, 0)
        #expect(
            effects == [
                .accept(Fixture.unit(0), attempt: 1, by: Fixture.ann),
                .acknowledge(Fixture.ann, Acknowledgement(unit: Fixture.unit(0), attempt: 1, verdict: .accepted)),
                .roundCompleted(run: "r"),
            ])
    }

    @Test("a second result of a unit is a duplicate")
    func duplicate() {
        var fixture = Fixture(units: 2, workers: [Fixture.ann], credit: 2)
        fixture.result(Fixture.ann, 0)
        #expect(fixture.result(Fixture.ann, 0).verdicts == [.duplicate])
        #expect(fixture.table.units[Fixture.unit(1)]?.isAccepted == false)
    }

    @Test("a result of another epoch, step or run is stale")
    func stale() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann], credit: 1)
        #expect(fixture.result(Fixture.ann, 0, epoch: 4).verdicts == [.stale])
        for unit in [Fixture.unit(0, step: 9), UnitKey(run: "other", step: 0, phase: .train, index: 0)] {
            #expect(
                fixture.take(.resultArrived(Fixture.ann, unit: unit, attempt: 1, epoch: 5, defect: nil)).verdicts == [
                    .stale
                ])
        }
        #expect(fixture.result(Fixture.ann, 0).verdicts == [.accepted])
    }

    @Test("an attempt that was never handed out is refused")
    func inventedAttempt() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann], credit: 1)
        #expect(fixture.result(Fixture.ann, 0, attempt: 2).verdicts == [.refused])
        #expect(fixture.result(Fixture.ann, 0, attempt: 0).verdicts == [.refused])
    }

    @Test("a lease without progress expires after 30 s and its unit goes out as the next attempt")
    func expiry() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann], credit: 1)
        #expect(fixture.wait(29, heard: [Fixture.ann]).failures.isEmpty)
        fixture.take(.creditGranted(Fixture.ann, count: 1))
        let effects = fixture.wait(1, heard: [Fixture.ann])
        #expect(effects.failures.map(\.category) == [.expired])
        #expect(effects.cancelled == [Fixture.ann])
        #expect(effects.grants.map(\.attempt) == [2])
    }

    @Test("progress renews a lease; progress of another attempt does not")
    func renewal() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann], credit: 1)
        fixture.wait(20, heard: [Fixture.ann])
        fixture.take(.progressed(Fixture.ann, Progress(unit: Fixture.unit(0), attempt: 1, tokens: 40)))
        #expect(fixture.wait(20, heard: [Fixture.ann]).failures.isEmpty)
        fixture.take(.progressed(Fixture.ann, Progress(unit: Fixture.unit(0), attempt: 2, tokens: 40)))
        #expect(fixture.wait(10, heard: [Fixture.ann]).failures.map(\.category) == [.expired])
    }

    @Test("leases of a slow worker last three times its 95th percentile")
    func leaseLength() {
        var fixture = Fixture(units: 3, workers: [Fixture.ann], credit: 1)
        for _ in 0..<4 {
            fixture.wait(5, heard: [Fixture.ann])
            fixture.take(.progressed(Fixture.ann, Progress(unit: Fixture.unit(0), attempt: 1, tokens: 1)))
        }
        fixture.result(Fixture.ann, 0, after: 0)
        let next = fixture.take(.creditGranted(Fixture.ann, count: 1)).grants
        #expect(next.map(\.length) == [.seconds(60)])
    }

    @Test("the late result of an expired lease still counts, and the second lease is cancelled")
    func lateResult() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann, Fixture.bob], credit: 1)
        let effects = fixture.wait(30, heard: [Fixture.ann, Fixture.bob])
        #expect(effects.grants.contains { $0.worker == Fixture.bob })
        let accepted = fixture.result(Fixture.ann, 0)
        #expect(accepted.verdicts == [.accepted])
        #expect(accepted.cancelled == [Fixture.bob])
        #expect(fixture.result(Fixture.bob, 0, attempt: 2).verdicts == [.duplicate])
    }

    @Test("silence: suspected at 5 s, dead at 15 s, its leases out again at once")
    func death() {
        var fixture = Fixture(units: 2, workers: [Fixture.ann, Fixture.bob], lanes: 2)
        fixture.take(.creditGranted(Fixture.ann, count: 2))
        #expect(fixture.wait(4, heard: [Fixture.bob]).isEmpty)
        guard case .suspected(Fixture.ann, _) = fixture.wait(1, heard: [Fixture.bob]).first else {
            Issue.record("expected a suspicion at 5 s")
            return
        }
        #expect(fixture.wait(9, heard: [Fixture.bob]).dismissed.isEmpty)
        fixture.take(.creditGranted(Fixture.bob, count: 2))
        let effects = fixture.wait(1, heard: [Fixture.bob])
        #expect(effects.dismissed == [Fixture.ann])
        #expect(effects.failures.map(\.category) == [.vanished, .vanished])
        #expect(fixture.table.workers.keys.elementsEqual([Fixture.bob]))
    }

    @Test("a worker that was heard again is no longer suspected and takes leases")
    func recovery() {
        var fixture = Fixture(units: 2, workers: [Fixture.ann], credit: 1)
        fixture.wait(6, heard: [])
        #expect(fixture.table.workers[Fixture.ann]?.isSuspect == true)
        #expect(fixture.take(.creditGranted(Fixture.ann, count: 1), after: 1).grants.map(\.unit) == [Fixture.unit(1)])
        #expect(fixture.table.workers[Fixture.ann]?.isSuspect == false)
    }

    @Test("a worker started anew replaces its old incarnation, whose leases go out again")
    func reincarnation() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann], credit: 1)
        let reborn = WorkerIdentifier(name: "ann", incarnation: 2)
        let effects = fixture.take(.workerJoined(reborn, lanes: 1))
        #expect(effects.dismissed == [Fixture.ann])
        #expect(fixture.take(.creditGranted(reborn, count: 1)).grants.map(\.attempt) == [2])
    }

    @Test("a worker that says HELLO again keeps its leases but must say its credit anew")
    func reconnection() {
        var fixture = Fixture(units: 3, workers: [Fixture.ann])
        fixture.take(.creditGranted(Fixture.ann, count: 1))
        fixture.take(.connectionLost(Fixture.ann))
        fixture.take(.creditGranted(Fixture.ann, count: 0), after: 1)
        #expect(fixture.take(.workerJoined(Fixture.ann, lanes: 1), after: 1).isEmpty)
        #expect(fixture.table.units[Fixture.unit(0)]?.leases.count == 1)
        #expect(fixture.take(.creditGranted(Fixture.ann, count: 1)).grants.map(\.unit) == [Fixture.unit(1)])
    }

    @Test("a namesake is one that is alive: not a worker that went silent or lost its connection")
    func namesake() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann])
        let other = WorkerIdentifier(name: "ann", incarnation: 2)
        #expect(fixture.table.namesake(of: other) == Fixture.ann)
        #expect(fixture.table.namesake(of: Fixture.ann) == nil)
        fixture.take(.connectionLost(Fixture.ann))
        #expect(fixture.table.namesake(of: other) == nil)
        fixture.take(.creditGranted(Fixture.ann, count: 0), after: 1)
        #expect(fixture.table.namesake(of: other) == Fixture.ann)
        fixture.wait(5, heard: [])
        #expect(fixture.table.namesake(of: other) == nil)
    }

    @Test("a clean leave returns the leases without blame")
    func leave() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann, Fixture.bob])
        fixture.take(.creditGranted(Fixture.ann, count: 1))
        fixture.take(.creditGranted(Fixture.bob, count: 1))
        let effects = fixture.take(.workerLeft(Fixture.ann))
        #expect(effects.grants.map(\.worker) == [Fixture.bob])
        #expect(fixture.table.units[Fixture.unit(0)]?.failures.isEmpty == true)
    }

    @Test("a lease that could not be delivered goes to another worker without blame")
    func undelivered() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann, Fixture.bob])
        fixture.take(.creditGranted(Fixture.ann, count: 3))
        fixture.take(.creditGranted(Fixture.bob, count: 1))
        let effects = fixture.take(.leaseUndelivered(Fixture.ann, unit: Fixture.unit(0), attempt: 1))
        #expect(effects.grants.map(\.worker) == [Fixture.bob])
        #expect(fixture.table.units[Fixture.unit(0)]?.failures.isEmpty == true)
    }

    @Test("a unit that failed on a worker goes to one that has not tried it")
    func otherWorker() {
        var fixture = Fixture(units: 2, workers: [Fixture.bob, Fixture.ann])
        fixture.take(.creditGranted(Fixture.bob, count: 1))
        fixture.take(.creditGranted(Fixture.ann, count: 5))
        #expect(fixture.result(Fixture.ann, 1, defect: missing).verdicts == [.refused])
        #expect(fixture.take(.clockTicked).grants.isEmpty)
        #expect(fixture.take(.creditGranted(Fixture.bob, count: 1)).grants.map(\.attempt) == [2])
    }

    @Test("failures on three workers poison a unit; on fewer workers it takes six")
    func poison() throws {
        var fixture = Fixture(units: 1, workers: [Fixture.ann, Fixture.bob, Fixture.eve], credit: 5)
        var stops: [LeaseStop] = []
        for attempt in 1...3 {
            guard let lease = fixture.table.units[Fixture.unit(0)]?.leases.first else { break }
            stops += fixture.result(lease.worker, 0, attempt: attempt, defect: missing).stops
        }
        guard case .poisoned(let unit, let failures) = stops.first else {
            Issue.record("expected the run to stop")
            return
        }
        #expect(unit == Fixture.unit(0))
        #expect(Set(failures.map(\.worker)) == [Fixture.ann, Fixture.bob, Fixture.eve])

        for workers in [[Fixture.ann], [Fixture.ann, Fixture.bob]] {
            var few = Fixture(units: 1, workers: workers, credit: 9)
            var ends: [Int] = []
            for attempt in 1...6 {
                let lease = try #require(few.table.units[Fixture.unit(0)]?.leases.first)
                let effects = few.result(lease.worker, 0, attempt: attempt, defect: missing)
                if !effects.stops.isEmpty { ends.append(attempt) }
            }
            #expect(ends == [6])
        }
    }

    @Test("an error that a worker reports ends its lease and counts as a failure")
    func reportedError() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann], credit: 2)
        let effects = fixture.take(
            .unitFailed(Fixture.ann, unit: Fixture.unit(0), attempt: 1, category: .engine, message: "out of memory"))
        #expect(effects.failures.map(\.category) == [.engine])
        #expect(effects.grants.map(\.attempt) == [2])
    }

    @Test("a failure that comes after its lease has ended is not counted twice")
    func failureAfterExpiry() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann], credit: 1)
        fixture.wait(30, heard: [Fixture.ann])
        fixture.take(.unitFailed(Fixture.ann, unit: Fixture.unit(0), attempt: 1, category: .engine, message: "late"))
        #expect(fixture.table.units[Fixture.unit(0)]?.failures.count == 1)
    }

    @Test("numbers that are not finite stop the run at once, and nothing more is handed out")
    func nonFinite() {
        var fixture = Fixture(units: 2, workers: [Fixture.ann, Fixture.bob], credit: 1)
        let defect = ResultDefect(category: .nonFinite, message: "the gradient at value 3")
        fixture.take(.creditGranted(Fixture.ann, count: 1))
        let effects = fixture.result(Fixture.ann, 0, defect: defect)
        #expect(effects.verdicts == [.refused])
        guard case .nonFinite(let unit, let failure) = effects.stops.first else {
            Issue.record("expected the run to stop")
            return
        }
        #expect(unit == Fixture.unit(0))
        #expect(failure.message == "the gradient at value 3")
        #expect(effects.grants.isEmpty)
    }

    @Test("an idle worker takes over what only waits behind another unit, and the old lease is cancelled")
    func takeover() {
        var fixture = Fixture(units: 3, workers: [Fixture.ann, Fixture.bob])
        fixture.take(.creditGranted(Fixture.ann, count: 3))
        let effects = fixture.take(.creditGranted(Fixture.bob, count: 1))
        #expect(effects.cancelled == [Fixture.ann])
        #expect(effects.grants.map(\.unit) == [Fixture.unit(2)])
        #expect(effects.grants.allSatisfy { !$0.isFurtherCopy && $0.attempt == 2 && $0.worker == Fixture.bob })
        // Not idle any more: what waits stays where it is.
        #expect(fixture.take(.creditGranted(Fixture.bob, count: 1)).isEmpty)
        #expect(fixture.table.units[Fixture.unit(2)]?.failures.isEmpty == true)
        // The old worker was quicker after all.
        #expect(fixture.result(Fixture.ann, 2).verdicts == [.accepted])
    }

    @Test("what has begun is not taken over")
    func begun() {
        var fixture = Fixture(units: 2, workers: [Fixture.ann, Fixture.bob])
        fixture.take(.creditGranted(Fixture.ann, count: 2))
        fixture.take(.progressed(Fixture.ann, Progress(unit: Fixture.unit(1), attempt: 1, tokens: 3)))
        #expect(fixture.take(.creditGranted(Fixture.bob, count: 1)).isEmpty)
    }

    @Test("a worker with lanes enough has nothing waiting")
    func lanes() {
        var fixture = Fixture(units: 2)
        fixture.take(.workerJoined(Fixture.ann, lanes: 2))
        fixture.take(.workerJoined(Fixture.bob, lanes: 2))
        fixture.take(.creditGranted(Fixture.ann, count: 2))
        #expect(fixture.take(.creditGranted(Fixture.bob, count: 2)).isEmpty)
    }

    @Test("near the end an idle worker gets a second copy of the slowest unit; the first result wins")
    func secondCopy() {
        var fixture = Fixture(units: 3, workers: [Fixture.ann, Fixture.bob], lanes: 3)
        fixture.take(.creditGranted(Fixture.ann, count: 3))
        fixture.result(Fixture.ann, 0, after: 2)
        #expect(fixture.take(.creditGranted(Fixture.bob, count: 2), after: 1).grants.isEmpty)
        let copies = fixture.wait(2, heard: [Fixture.ann, Fixture.bob]).grants
        #expect(copies.map(\.unit) == [Fixture.unit(1), Fixture.unit(2)])
        #expect(copies.allSatisfy { $0.isFurtherCopy && $0.worker == Fixture.bob && $0.attempt == 2 })
        let effects = fixture.result(Fixture.bob, 1, attempt: 2)
        #expect(effects.verdicts == [.accepted])
        #expect(effects.cancelled == [Fixture.ann])
        #expect(fixture.result(Fixture.ann, 1).verdicts == [.duplicate])
        #expect(fixture.table.units[Fixture.unit(1)]?.furtherCopies == 1)
    }

    @Test(
        "a unit that is not returned goes to one worker after the other, twice the usual time apart, and to none twice")
    func furtherCopies() {
        let workers = [Fixture.ann, Fixture.bob, Fixture.eve]
        var fixture = Fixture(units: 2, workers: workers, credit: 9)
        fixture.result(Fixture.ann, 0)
        #expect(fixture.table.units[Fixture.unit(1)]?.leases.count == 1)
        #expect(fixture.wait(1, heard: workers).grants.count == 1)
        #expect(fixture.wait(1, heard: workers).grants.isEmpty)
        #expect(fixture.wait(1, heard: workers).grants.count == 1)
        #expect(fixture.wait(15, heard: workers).grants.isEmpty)
        let leases = fixture.table.units[Fixture.unit(1)]?.leases ?? []
        #expect(Set(leases.map(\.worker)).count == 3)
        #expect(Set(fixture.result(Fixture.eve, 1, attempt: 3).cancelled).count <= 2)
        #expect(fixture.table.units[Fixture.unit(1)]?.isAccepted == true)
    }

    @Test("a unit of a suspect worker is copied without waiting for it to be slow")
    func copyFromSuspect() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann, Fixture.bob])
        fixture.take(.creditGranted(Fixture.ann, count: 1))
        fixture.take(.creditGranted(Fixture.bob, count: 1))
        #expect(fixture.wait(5, heard: [Fixture.bob]).grants.map(\.worker) == [Fixture.bob])
    }

    @Test("no token for 60 s is reported as stuck, once, although progress keeps the lease")
    func stuck() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann], credit: 1)
        var effects: [LeaseEffect] = []
        for _ in 0..<9 {
            fixture.take(.progressed(Fixture.ann, Progress(unit: Fixture.unit(0), attempt: 1, tokens: 7)))
            effects += fixture.wait(10, heard: [Fixture.ann])
        }
        #expect(effects == [.stuck(Fixture.ann, Fixture.unit(0), withoutTokenFor: .seconds(60))])
    }

    @Test("after a pause of the coordinator itself no worker is blamed")
    func ownPause() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann], credit: 1)
        fixture.take(.clockTicked)
        let effects = fixture.take(.clockTicked, after: 3600)
        #expect(effects.isEmpty)
        #expect(fixture.table.workers[Fixture.ann] != nil)
    }

    @Test("units left over from a round are cancelled and forgotten when the next one opens")
    func nextStep() {
        var fixture = Fixture(units: 2, workers: [Fixture.ann], credit: 2)
        let effects = fixture.take(.roundOpened(run: "r", units: [Fixture.unit(0, step: 1)]))
        #expect(effects.cancelled == [Fixture.ann, Fixture.ann])
        #expect(fixture.table.units.count == 1)
        #expect(fixture.result(Fixture.ann, 0).verdicts == [.stale])
    }

    @Test("a worker that gives endless credit holds a bounded number of leases")
    func endlessCredit() {
        var fixture = LeaseTableFixture(units: 5_000, workers: [LeaseTableFixture.ann], credit: 1)
        for _ in 0..<3 { _ = fixture.take(.creditGranted(LeaseTableFixture.ann, count: 65_536, received: nil)) }
        #expect(fixture.table.workers[LeaseTableFixture.ann]?.credit == 0)
        #expect(fixture.table.units.values.count { !$0.leases.isEmpty } == LeaseLimits().mostHeld)
    }
}
