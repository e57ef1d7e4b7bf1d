import T2Coordinator
import T2Core
import T2Transport
import Testing

@Suite("Failures that say something of a unit, and those that do not")
struct LeaseFailureTests {
    typealias Fixture = LeaseTableFixture
    let ann = Fixture.ann
    let bob = Fixture.bob
    let eve = Fixture.eve

    private func worker(_ name: String) -> WorkerIdentifier { WorkerIdentifier(name: name, incarnation: 1) }

    @Test("a unit that failed on the only worker that takes leases is offered to it again")
    func onlyWorkingWorker() {
        // Bob is reachable and never asks for anything.
        var fixture = Fixture(units: 1, workers: [ann, bob])
        fixture.take(.creditGranted(ann, count: 1))
        fixture.error(ann, Fixture.unit(0), attempt: 1)
        #expect(fixture.take(.creditGranted(ann, count: 1)).grants.map(\.attempt) == [2])
    }

    @Test("what a worker says of a failure is kept up to a length")
    func longMessages() {
        var fixture = Fixture(units: 1, workers: [ann], credit: 1)
        let long = String(repeating: "x", count: 1_000_000)
        let failures = fixture.take(
            .unitFailed(
                ann, unit: Fixture.unit(0), attempt: 1, category: .engine, message: long,
                logLines: [String](repeating: long, count: 100))
        ).failures
        #expect(failures.map(\.message.count) == [2_000])
        #expect(failures.first?.logLines.map(\.count) == [Int](repeating: 2_000, count: 20))
    }

    @Test("a worker whose lease expired and that asks for no other is no alternative")
    func hungAlternative() {
        var fixture = Fixture(units: 2, workers: [ann, bob])
        fixture.take(.creditGranted(bob, count: 1))
        fixture.take(.creditGranted(ann, count: 1))
        fixture.error(ann, Fixture.unit(1), attempt: 1)
        // Bob holds a lease: it may take the unit next.
        #expect(fixture.take(.creditGranted(ann, count: 1)).grants.isEmpty)
        let effects = fixture.wait(30, heard: [ann, bob])
        #expect(effects.failures.map(\.category) == [.expired])
        #expect(effects.grants.map(\.worker) == [ann])
        fixture.result(ann, 0, attempt: 2)
        #expect(fixture.take(.creditGranted(ann, count: 1)).grants.map(\.unit) == [Fixture.unit(1)])
    }

    @Test("a unit is not kept from a worker for ever, even if another one holds on to a lease without end")
    func keptForAWhile() {
        var fixture = Fixture(units: 2, workers: [ann, bob])
        fixture.take(.creditGranted(bob, count: 1))
        fixture.take(.creditGranted(ann, count: 1))
        fixture.take(.progressed(bob, Progress(unit: Fixture.unit(0), attempt: 1, tokens: 1)))
        fixture.error(ann, Fixture.unit(1), attempt: 1)
        fixture.take(.creditGranted(ann, count: 1))
        var grants: [LeaseGrant] = []
        for second in 0..<620 {
            fixture.take(.progressed(bob, Progress(unit: Fixture.unit(0), attempt: 1, tokens: second + 2)))
            grants += fixture.wait(1, heard: [ann, bob]).grants.filter { !$0.isFurtherCopy }
            if second == 500 { #expect(grants.isEmpty) }
            // The second copy took the credit.
            fixture.take(.creditGranted(ann, count: 1))
            if second % 20 == 0 {
                fixture.take(.progressed(ann, Progress(unit: Fixture.unit(0), attempt: 2, tokens: second + 2)))
            }
        }
        #expect(grants.map(\.unit) == [Fixture.unit(1)])
        #expect(grants.map(\.worker) == [ann])
    }

    @Test("workers that are preempted under ever new names do not end a run")
    func preemption() {
        var fixture = Fixture(units: 1)
        var stops: [LeaseStop] = []
        for index in 0..<40 {
            let name = worker("host-\(index)")
            fixture.take(.workerJoined(name, lanes: 1))
            #expect(fixture.take(.creditGranted(name, count: 1)).grants.map(\.attempt) == [index + 1])
            let effects = fixture.wait(15, heard: [])
            #expect(effects.failures.map(\.category) == [.vanished])
            stops += effects.stops
        }
        #expect(stops.isEmpty)
        // What is remembered of them does not grow for ever.
        #expect(fixture.table.units[Fixture.unit(0)]?.failures.count == 32)
        fixture.take(.workerJoined(ann, lanes: 1))
        fixture.take(.creditGranted(ann, count: 1))
        #expect(fixture.result(ann, 0, attempt: 41).verdicts == [.accepted])
    }

    @Test("leases that expire, on however many workers, do not end a run")
    func expiry() {
        var fixture = Fixture(units: 1, workers: [ann, bob, eve])
        var stops: [LeaseStop] = []
        for _ in 0..<10 {
            for worker in [ann, bob, eve] { stops += fixture.take(.creditGranted(worker, count: 1)).stops }
            stops += fixture.wait(31, heard: [ann, bob, eve]).stops
        }
        #expect(fixture.table.units[Fixture.unit(0)]?.attempts ?? 0 > 6)
        #expect(stops.isEmpty)
    }

    /// Three workers fail whatever they get, at once; a fourth one computes each unit in 2 s.
    private func brokenBesideSound(seconds: Int, units: Int = 12) -> (
        fixture: Fixture, failures: Int, stops: [LeaseStop]
    ) {
        let broken = [ann, bob, eve]
        let sound = worker("sound")
        var fixture = Fixture(units: units, workers: broken + [sound])
        var queue: [LeaseEffect] = (broken + [sound]).flatMap { fixture.take(.creditGranted($0, count: 1)) }
        var (failures, stops): (Int, [LeaseStop]) = (0, [])
        var held: (grant: LeaseGrant, since: Int)?
        for second in 0..<seconds {
            while !queue.isEmpty {
                switch queue.removeFirst() {
                case .grant(let grant) where grant.worker == sound: held = (grant, second)
                case .grant(let grant):
                    failures += 1
                    queue += fixture.take(
                        .unitFailed(
                            grant.worker, unit: grant.unit, attempt: grant.attempt, category: .engine, message: "no"))
                    queue += fixture.take(.creditGranted(grant.worker, count: 1))
                case .cancel(let worker, let cancel) where worker == sound && cancel.unit == held?.grant.unit:
                    held = nil
                case .stop(let stop): stops.append(stop)
                default: break
                }
            }
            if let now = held, second - now.since >= 2 {
                held = nil
                queue += fixture.take(
                    .resultArrived(sound, unit: now.grant.unit, attempt: now.grant.attempt, epoch: 5, defect: nil))
                queue += fixture.take(.creditGranted(sound, count: 1))
            }
            queue += fixture.wait(1, heard: broken + [sound])
        }
        return (fixture, failures, stops)
    }

    @Test(
        "three workers that fail everything do not end a run beside a sound one, and are set aside for longer and longer"
    )
    func brokenWorkers() {
        let (fixture, failures, stops) = brokenBesideSound(seconds: 60)
        #expect(stops.isEmpty)
        #expect(fixture.table.units.values.allSatisfy { $0.isAccepted })
        #expect((9..<40).contains(failures))
    }

    @Test("a worker that was set aside is asked again once no other one works")
    func lastResort() {
        var fixture = Fixture(units: 9, workers: [ann, bob])
        fixture.take(.creditGranted(bob, count: 1))
        for index in [1, 2, 3] {
            #expect(fixture.take(.creditGranted(ann, count: 1)).grants.map(\.unit) == [Fixture.unit(index)])
            fixture.error(ann, Fixture.unit(index), attempt: 1)
        }
        #expect(fixture.take(.creditGranted(ann, count: 1)).grants.isEmpty)
        #expect(fixture.take(.workerLeft(bob)).grants.map(\.worker) == [ann])
    }

    @Test("a worker that was set aside is offered units again after a while, and is trusted after a success")
    func secondChance() {
        var fixture = Fixture(units: 9, workers: [ann, bob])
        fixture.take(.creditGranted(bob, count: 1))
        for index in [1, 2, 3] {
            fixture.take(.creditGranted(ann, count: 1))
            fixture.error(ann, Fixture.unit(index), attempt: 1)
        }
        fixture.take(.creditGranted(ann, count: 1))
        #expect(fixture.wait(9, heard: [ann, bob]).grants.isEmpty)
        #expect(fixture.wait(2, heard: [ann, bob]).grants.map(\.unit) == [Fixture.unit(4)])
        fixture.result(ann, 4)
        fixture.take(.creditGranted(ann, count: 1))
        fixture.error(ann, Fixture.unit(5), attempt: 1)
        #expect(fixture.take(.creditGranted(ann, count: 1)).grants.map(\.unit) == [Fixture.unit(6)])
    }

    @Test("three distinct workers that each report a failure end the run, also beside others")
    func reportedByThree() {
        let others = (0..<5).map { worker("other-\($0)") }
        var fixture = Fixture(units: 6, workers: others + [ann, bob, eve])
        for other in others { fixture.take(.creditGranted(other, count: 1)) }
        var stops: [LeaseStop] = []
        for (attempt, worker) in [ann, bob, eve].enumerated() {
            #expect(fixture.take(.creditGranted(worker, count: 1)).grants.map(\.unit) == [Fixture.unit(5)])
            stops += fixture.error(worker, Fixture.unit(5), attempt: attempt + 1).stops
        }
        guard case .poisoned(let unit, let failures) = stops.first else {
            Issue.record("expected the run to stop")
            return
        }
        #expect(unit == Fixture.unit(5))
        #expect(failures.map(\.worker) == [ann, bob, eve])
        #expect(fixture.table.units.isEmpty)
    }

    @Test("a worker that holds no lease cannot answer one: its result is refused and its error ignored")
    func stranger() {
        var fixture = Fixture(units: 1, workers: [ann, bob])
        fixture.take(.creditGranted(ann, count: 1))
        #expect(fixture.result(bob, 0).verdicts == [.refused])
        let defect = ResultDefect(category: .nonFinite, message: "the gradient at value 3")
        let refused = fixture.result(bob, 0, defect: defect)
        #expect(refused.verdicts == [.refused] && refused.stops.isEmpty && refused.failures.isEmpty)
        for attempt in [1, 7] {
            let effects = fixture.error(bob, Fixture.unit(0), attempt: attempt, .nonFinite)
            #expect(effects.stops.isEmpty)
            #expect(effects.ignored.count == 1)
        }
        #expect(fixture.error(ann, Fixture.unit(0), attempt: 7, .nonFinite).stops.isEmpty)
        #expect(fixture.result(ann, 0).verdicts == [.accepted])
    }

    @Test("numbers that are not finite stop the run also after the lease has expired, if it was the worker's")
    func lateNonFinite() {
        var fixture = Fixture(units: 1, workers: [ann], credit: 1)
        fixture.wait(31, heard: [ann])
        #expect(fixture.error(ann, Fixture.unit(0), attempt: 1, .nonFinite).stops.count == 1)
    }

    @Test("a worker that comes back keeps the leases that it names; the others go out at once, without blame")
    func lostOnTheWay() {
        var fixture = Fixture(units: 3, workers: [ann, bob], lanes: 3)
        fixture.take(.creditGranted(ann, count: 3))
        fixture.take(.connectionLost(ann), after: 1)
        let holding: Set = [LeaseName(unit: Fixture.unit(1), attempt: 1)]
        #expect(fixture.take(.workerJoined(ann, lanes: 3, holding: holding), after: 1).isEmpty)
        let effects = fixture.take(.creditGranted(bob, count: 3))
        #expect(effects.grants.map(\.unit) == [Fixture.unit(0), Fixture.unit(2)])
        #expect(effects.grants.allSatisfy { $0.worker == bob && $0.attempt == 2 && !$0.isFurtherCopy })
        #expect(effects.failures.isEmpty && effects.cancelled.isEmpty)
        #expect(fixture.table.units[Fixture.unit(1)]?.leases.map(\.worker) == [ann])
        #expect(fixture.table.units[Fixture.unit(0)]?.failures.isEmpty == true)
        #expect(fixture.result(ann, 1).verdicts == [.accepted])
    }

    @Test("what a worker that comes back still holds of an accepted unit is cancelled")
    func cancelledOnTheWay() {
        var fixture = Fixture(units: 1, workers: [ann, bob], credit: 1)
        fixture.wait(30, heard: [ann, bob])
        fixture.result(bob, 0, attempt: 2)
        let holding: Set = [LeaseName(unit: Fixture.unit(0), attempt: 1)]
        #expect(fixture.take(.workerJoined(ann, lanes: 1, holding: holding)).cancelled == [ann])
    }
}
