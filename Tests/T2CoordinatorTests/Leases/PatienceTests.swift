import T2Coordinator
import T2Core
import T2Transport
import Testing

@Suite("Patience with a worker that decomposes the model before its first token")
struct PatienceTests {
    typealias Fixture = LeaseTableFixture

    @Test("keeps its leases for as long as it says that it is at work, and calls none of them stuck")
    func decomposition() {
        var fixture = Fixture(units: 2, workers: [Fixture.ann], credit: 2)
        var effects: [LeaseEffect] = []
        for _ in 0..<600 {
            for unit in 0..<2 {
                effects += fixture.take(
                    .progressed(Fixture.ann, Progress(unit: Fixture.unit(unit), attempt: 1, tokens: 0)))
            }
            effects += fixture.wait(1, heard: [Fixture.ann])
        }
        #expect(effects.isEmpty)
        #expect(fixture.result(Fixture.ann, 0).verdicts == [.accepted])
    }

    @Test("ends with its lease once it says nothing")
    func silence() {
        var fixture = Fixture(units: 1, workers: [Fixture.ann], credit: 1)
        #expect(fixture.wait(40, heard: [Fixture.ann]).failures.map(\.category) == [.expired])
    }
}
