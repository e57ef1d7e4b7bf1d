import T2Coordinator
import T2Core
import Testing

@Suite("What an operator asks of the lease table")
struct LeaseControlTests {
    typealias Fixture = LeaseTableFixture

    @Test("nobody gets a lease while it is paused, results are accepted, and resuming hands out what waits")
    func pause() {
        var fixture = Fixture(units: 3, workers: [Fixture.ann], credit: 1)
        fixture.take(.pauseChanged(true))
        #expect(fixture.take(.creditGranted(Fixture.ann, count: 2)).grants.isEmpty)
        #expect(fixture.result(Fixture.ann, 0).verdicts == [.accepted])
        fixture.take(.workerJoined(Fixture.bob, lanes: 1))
        #expect(fixture.take(.creditGranted(Fixture.bob, count: 1)).grants.isEmpty)
        #expect(fixture.table.problems(at: fixture.now, isSettled: true).isEmpty)
        #expect(Set(fixture.take(.pauseChanged(false)).grants.map(\.unit)) == [Fixture.unit(1), Fixture.unit(2)])
    }

    @Test("a draining worker finishes its lease and gets no other, also after it came back")
    func drain() {
        var fixture = Fixture(units: 3, workers: [Fixture.ann], credit: 1)
        fixture.take(.workerDrained(Fixture.ann))
        #expect(fixture.take(.creditGranted(Fixture.ann, count: 2)).grants.isEmpty)
        fixture.take(.workerJoined(Fixture.ann, lanes: 1, holding: [LeaseName(unit: Fixture.unit(0), attempt: 1)]))
        #expect(fixture.take(.creditGranted(Fixture.ann, count: 2)).grants.isEmpty)
        #expect(fixture.result(Fixture.ann, 0).verdicts == [.accepted])
        #expect(fixture.table.problems(at: fixture.now, isSettled: true).isEmpty)
        fixture.take(.workerLeft(Fixture.ann))
        // A new process of the worker is not draining.
        let again = WorkerIdentifier(name: "ann", incarnation: 2)
        fixture.take(.workerJoined(again, lanes: 1))
        #expect(fixture.take(.creditGranted(again, count: 2)).grants.map(\.unit) == [Fixture.unit(1), Fixture.unit(2)])
    }

    @Test("what waits at a draining worker goes to an idle one")
    func waitingLeases() {
        var fixture = Fixture(units: 2, workers: [Fixture.ann], credit: 2)
        fixture.take(.workerDrained(Fixture.ann))
        fixture.take(.workerJoined(Fixture.bob, lanes: 1))
        let effects = fixture.take(.creditGranted(Fixture.bob, count: 1))
        #expect(effects.grants.map(\.unit) == [Fixture.unit(1)])
        #expect(effects.cancelled == [Fixture.ann])
    }
}
