import T2Coordinator
import T2Core
import T2Transport
import Testing

@Suite("An audited unit")
struct LeaseAuditTests {
    typealias Fixture = LeaseTableFixture
    private static let unit = Fixture.unit(0)

    /// Ann has computed the only unit; the others join after her, each with credit for one lease.
    private static func fixture(
        _ kinds: [(WorkerIdentifier, String)], limits: LeaseLimits = LeaseLimits()
    ) -> Fixture {
        var fixture = Fixture(units: 1, limits: limits)
        fixture.take(.workerJoined(Fixture.ann, lanes: 1, kind: "a"))
        fixture.take(.creditGranted(Fixture.ann, count: 1))
        for (worker, kind) in kinds {
            fixture.take(.workerJoined(worker, lanes: 1, kind: kind))
            fixture.take(.creditGranted(worker, count: 1))
        }
        return fixture
    }

    private static func hold(_ fixture: inout Fixture, after seconds: Double = 1) -> [LeaseEffect] {
        fixture.take(.resultHeld(Fixture.ann, unit: unit, attempt: 1), after: seconds)
    }

    @Test("is computed again by a worker of the same kind, if one has credit")
    func sameKind() {
        var fixture = Self.fixture([(Fixture.bob, "b"), (Fixture.eve, "a")])
        let grants = Self.hold(&fixture).grants
        #expect(grants.map(\.worker) == [Fixture.eve] && grants[0].checks == nil)
        #expect(fixture.result(Fixture.eve, 0, attempt: 2).verdicts == [.accepted])
    }

    @Test("is checked by a worker of another kind otherwise, also once the one of its kind takes long")
    func otherKind() {
        var fixture = Self.fixture([(Fixture.bob, "b")])
        let grants = Self.hold(&fixture).grants
        #expect(grants.map(\.worker) == [Fixture.bob] && grants[0].checks == 1)
        #expect(fixture.result(Fixture.bob, 0, attempt: 2).verdicts == [.accepted])

        fixture = Self.fixture([(Fixture.eve, "a")])
        #expect(Self.hold(&fixture).grants.map(\.worker) == [Fixture.eve])
        fixture.take(.workerJoined(Fixture.bob, lanes: 1, kind: "b"))
        fixture.take(.creditGranted(Fixture.bob, count: 1))
        let copies = fixture.wait(4, heard: [Fixture.ann, Fixture.bob, Fixture.eve]).grants
        #expect(copies.map(\.worker) == [Fixture.bob] && copies[0].checks == 1)
    }

    @Test(
        "waits for no worker of another kind where only one kind may audit, and is audited once one of that kind joins")
    func oneKind() {
        var limits = LeaseLimits()
        limits.auditsAcrossKinds = false
        var fixture = Self.fixture([(Fixture.bob, "b")], limits: limits)
        #expect(Self.hold(&fixture).grants.isEmpty)
        #expect(!fixture.table.hasAuditor(Self.unit))
        fixture.take(.workerJoined(Fixture.eve, lanes: 1, kind: "a"))
        #expect(fixture.take(.creditGranted(Fixture.eve, count: 1)).grants.map(\.worker) == [Fixture.eve])
        #expect(fixture.table.hasAuditor(Self.unit))
        #expect(fixture.result(Fixture.eve, 0, attempt: 2).verdicts == [.accepted])
    }

    @Test("is not audited by a worker with the same key, as long as one with another key is here")
    func oneKey() {
        let cat = WorkerIdentifier(name: "cat", incarnation: 1)
        var fixture = Fixture(units: 1)
        for (worker, key) in [(Fixture.ann, "team"), (Fixture.bob, "team"), (Fixture.eve, "eve")] {
            fixture.take(.workerJoined(worker, lanes: 1, key: key))
            fixture.take(.creditGranted(worker, count: 1))
        }
        // A copy at the second worker of the team, whose result would confirm the first one's, is cancelled.
        #expect(fixture.wait(31, heard: [Fixture.ann, Fixture.bob, Fixture.eve]).grants.map(\.worker) == [Fixture.bob])
        let effects = Self.hold(&fixture)
        #expect(effects.cancelled == [Fixture.bob] && effects.grants.map(\.worker) == [Fixture.eve])
        #expect(fixture.result(Fixture.bob, 0, attempt: 2).verdicts == [.stale])
        // Nor does one that joins later get it, when the only other one has left.
        fixture.take(.workerJoined(cat, lanes: 1, key: "team"))
        #expect(fixture.take(.creditGranted(cat, count: 1)).grants.isEmpty)
        #expect(fixture.take(.workerLeft(Fixture.eve)).grants.isEmpty)
        #expect(!fixture.table.hasAuditor(Self.unit))
        fixture.take(.workerJoined(Fixture.eve, lanes: 1, key: "eve"))
        #expect(fixture.take(.creditGranted(Fixture.eve, count: 1)).grants.map(\.worker) == [Fixture.eve])
        #expect(fixture.result(Fixture.eve, 0, attempt: 4).verdicts == [.accepted])
    }

    @Test("is audited by another worker with the same key if all workers have it")
    func onlyKey() {
        var fixture = Fixture(units: 1)
        for worker in [Fixture.ann, Fixture.bob] {
            fixture.take(.workerJoined(worker, lanes: 1, key: "pool"))
            fixture.take(.creditGranted(worker, count: 1))
        }
        #expect(Self.hold(&fixture).grants.map(\.worker) == [Fixture.bob])
        #expect(fixture.result(Fixture.bob, 0, attempt: 2).verdicts == [.accepted])
    }

    @Test("whose second copy is at a worker of another kind is taken from there, and its result counts for nothing")
    func copy() {
        var fixture = Self.fixture([(Fixture.bob, "b")])
        let copies = fixture.wait(31, heard: [Fixture.ann, Fixture.bob]).grants
        #expect(copies.map(\.worker) == [Fixture.bob])
        fixture.take(.creditGranted(Fixture.bob, count: 1))
        let effects = Self.hold(&fixture)
        #expect(effects.cancelled == [Fixture.bob])
        #expect(effects.grants.map(\.checks) == [1])
        #expect(fixture.result(Fixture.bob, 0, attempt: 2).verdicts == [.stale])
        #expect(fixture.result(Fixture.bob, 0, attempt: 3).verdicts == [.accepted])
    }

    @Test(
        "whose first result comes late, after the lease expired and went to the same worker again, waits for another one"
    )
    func late() {
        var fixture = Self.fixture([])
        fixture.take(.creditGranted(Fixture.ann, count: 1))
        #expect(fixture.wait(31, heard: [Fixture.ann]).grants.map(\.attempt) == [2])
        #expect(Self.hold(&fixture).cancelled == [Fixture.ann])
        fixture.take(.workerJoined(Fixture.bob, lanes: 1, kind: "b"))
        #expect(fixture.take(.creditGranted(Fixture.bob, count: 1)).grants.map(\.checks) == [1])
        #expect(fixture.result(Fixture.bob, 0, attempt: 3).verdicts == [.accepted])
    }

    @Test("whose held result is dropped takes the check back, and its result counts for nothing")
    func dropped() {
        var fixture = Self.fixture([(Fixture.bob, "b")])
        #expect(Self.hold(&fixture).grants.count == 1)
        let effects = fixture.take(.unitsReopened([Self.unit]))
        #expect(effects.cancelled == [Fixture.bob])
        #expect(fixture.result(Fixture.bob, 0, attempt: 2).verdicts == [.stale])
        #expect(fixture.take(.creditGranted(Fixture.bob, count: 1)).grants.map(\.checks) == [nil])
        #expect(fixture.result(Fixture.bob, 0, attempt: 3).verdicts == [.accepted])
    }

    @Test("keeps its first result however many workers take the check and leave")
    func leaving() {
        var fixture = Self.fixture([])
        _ = Self.hold(&fixture)
        for number in 0..<40 {
            let worker = WorkerIdentifier(name: "guest-\(number)", incarnation: 1)
            fixture.take(.workerJoined(worker, lanes: 1, kind: "b"))
            #expect(fixture.take(.creditGranted(worker, count: 1)).grants.map(\.checks) == [1])
            fixture.take(.workerLeft(worker))
        }
        #expect(fixture.result(Fixture.ann, 0).verdicts == [.accepted])
    }
}
