import T2Coordinator
import T2Core
import T2Transport
import Testing

/// What a worker can do that takes leases, says that it is at work, and never returns a result.
@Suite("A worker that hoards leases")
struct HoardingTests {
    typealias Fixture = LeaseTableFixture

    /// Seconds pass, in each of which the worker renews its leases.
    private static func renew(
        _ fixture: inout Fixture, seconds: Int, heard: [WorkerIdentifier], tokens: (Int) -> Int
    ) -> [LeaseEffect] {
        (0..<seconds).flatMap { second -> [LeaseEffect] in
            for unit in fixture.table.units.values {
                for lease in unit.leases where lease.worker == Fixture.eve {
                    let progress = Progress(unit: unit.key, attempt: lease.attempt, tokens: tokens(second))
                    fixture.take(.progressed(Fixture.eve, progress))
                }
            }
            return fixture.wait(1, heard: heard)
        }
    }

    @Test(
        "loses a lease that it renews for hours without a new token, before the first one and after it",
        arguments: [0, 5])
    func standstill(tokens: Int) {
        var limits = LeaseLimits()
        limits.longestStandstill = .seconds(300)
        var fixture = Fixture(units: 1, workers: [Fixture.eve], limits: limits)
        fixture.take(.creditGranted(Fixture.eve, count: 1))
        let early = Self.renew(&fixture, seconds: 295, heard: [Fixture.eve]) { _ in tokens }
        #expect(early.failures.isEmpty)
        let late = Self.renew(&fixture, seconds: 10, heard: [Fixture.eve]) { _ in tokens }
        #expect(late.failures.map(\.category) == [.expired])
        #expect(late.failures.first?.message.hasPrefix("no new token for ") == true, "\(late.failures)")
        #expect(late.cancelled == [Fixture.eve])
    }

    @Test("keeps one whose tokens grow, however slowly, and those that wait behind it")
    func slow() {
        var limits = LeaseLimits()
        limits.longestStandstill = .seconds(300)
        var fixture = Fixture(units: 2, workers: [Fixture.eve], limits: limits)
        fixture.take(.creditGranted(Fixture.eve, count: 2))
        var effects: [LeaseEffect] = []
        for second in 0..<2_000 {
            fixture.take(
                .progressed(Fixture.eve, Progress(unit: Fixture.unit(0), attempt: 1, tokens: 1 + second / 200)))
            fixture.take(.progressed(Fixture.eve, Progress(unit: Fixture.unit(1), attempt: 1, tokens: 0)))
            effects += fixture.wait(1, heard: [Fixture.eve])
        }
        #expect(effects.failures.isEmpty)
        #expect(fixture.result(Fixture.eve, 0).verdicts == [.accepted])
    }

    @Test("delays a round by no more than the shortest lease and the time of an honest worker, whatever it says")
    func round() {
        var fixture = Fixture(units: 40, workers: [])
        fixture.take(.workerJoined(Fixture.eve, lanes: 65_536))
        fixture.take(.creditGranted(Fixture.eve, count: 65_536))
        #expect(fixture.table.units.values.allSatisfy { $0.leases.map(\.worker) == [Fixture.eve] })
        fixture.take(.workerJoined(Fixture.ann, lanes: 1))
        fixture.take(.creditGranted(Fixture.ann, count: 1))
        var seconds = 0
        while fixture.table.units.values.contains(where: { !$0.isAccepted }), seconds < 200 {
            seconds += 1
            _ = Self.renew(&fixture, seconds: 1, heard: [Fixture.eve, Fixture.ann]) { _ in seconds }
            let own = fixture.table.units.values.flatMap { unit in unit.leases.map { (unit.key, $0) } }
                .filter { $0.1.worker == Fixture.ann }
            for (key, lease) in own {
                fixture.result(Fixture.ann, key.index, attempt: lease.attempt, after: 0)
                fixture.take(.creditGranted(Fixture.ann, count: 1))
            }
        }
        #expect(fixture.table.units.values.allSatisfy { $0.isAccepted })
        #expect(seconds <= 30 + 40 + 2, "\(seconds) s")
    }
}
