import T2Coordinator
import T2Core
import T2Transport
import Testing

@Suite("Patience with a worker that decomposes the model before its first token")
struct PatienceTests {
    typealias Bench = TableBench

    @Test("keeps its leases for as long as it says that it is at work, and calls none of them stuck")
    func decomposition() {
        var bench = Bench(units: 2, workers: [Bench.ann], credit: 2)
        var effects: [LeaseEffect] = []
        for _ in 0..<600 {
            for unit in 0..<2 {
                effects += bench.take(.progressed(Bench.ann, Progress(unit: Bench.unit(unit), attempt: 1, tokens: 0)))
            }
            effects += bench.wait(1, heard: [Bench.ann])
        }
        #expect(effects.isEmpty)
        #expect(bench.result(Bench.ann, 0).verdicts == [.accepted])
    }

    @Test("ends with its lease once it says nothing")
    func silence() {
        var bench = Bench(units: 1, workers: [Bench.ann], credit: 1)
        #expect(bench.wait(40, heard: [Bench.ann]).failures.map(\.category) == ["expired"])
    }
}
