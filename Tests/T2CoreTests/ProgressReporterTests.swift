import Synchronization
import T2Core
import Testing

@Suite("Progress")
struct ProgressReporterTests {
    /// The seconds at which lines came, of reports that come every `step` seconds.
    private func lines(upTo end: Int, total: Int, step: Double = 0.5) -> [(
        seconds: Double, note: String, left: Duration?
    )] {
        let start = ContinuousClock.now
        let said = Mutex<[(String, Duration?)]>([])
        let reporter = ProgressReporter(start: start) { note, left in said.withLock { $0.append((note, left)) } }
        var lines: [(Double, String, Duration?)] = []
        for seconds in stride(from: 0, through: Double(end), by: step) {
            reporter.report(Int(seconds), of: total, "matrices", at: start + .seconds(seconds))
            for (note, left) in said.withLock({ said in
                defer { said = [] }; return said
            }) {
                lines.append((seconds, note, left))
            }
        }
        #expect(reporter.hasSpoken == !lines.isEmpty)
        return lines
    }

    @Test("of short work is not mentioned")
    func short() { #expect(lines(upTo: 0, total: 100).isEmpty) }

    @Test("is told after a second, then every five, and ever more rarely in long work")
    func pace() {
        #expect(lines(upTo: 21, total: 100).map(\.seconds) == [1, 6, 11, 16, 21])
        let long = lines(upTo: 36_000, total: 36_000, step: 1).map(\.seconds)
        #expect(long.count < 90)
        #expect(zip(long, long.dropFirst()).allSatisfy { $1 - $0 <= max(5, $0 / 10 + 1) })
    }

    @Test("says how much is done, and the time left at the pace so far")
    func text() {
        let line = lines(upTo: 11, total: 44).last
        #expect(line?.note == "11 of 44 matrices")
        #expect(line?.left == .seconds(33))
    }

    @Test("knows no time left before anything is done, nor at the end")
    func unknown() {
        let said = Mutex<[Duration?]>([])
        let reporter = ProgressReporter(start: .now - .seconds(2)) { _, left in said.withLock { $0.append(left) } }
        reporter.report(0, of: 3, "matrices")
        reporter.report(3, of: 3, "matrices", at: .now + .seconds(60))
        #expect(said.withLock { $0 } == [nil, nil])
    }
}
