import T2Coordinator
import T2Core
import T2Transport
import Testing

struct WatchdogTests {
    @Test("without workers it says every 30 s how to start one")
    func nobody() {
        let bench = TableBench(units: 2)
        var watchdog = Watchdog(at: bench.now)
        #expect(watchdog.report(bench.table, endpoint: "tcp://127.0.0.1:5555", at: bench.now + .seconds(29)) == nil)
        #expect(
            watchdog.report(bench.table, endpoint: "tcp://127.0.0.1:5555", at: bench.now + .seconds(30))
                == "nothing accepted for 30.0 s and no worker is here; start one with: t2-worker join tcp://127.0.0.1:5555"
        )
        #expect(watchdog.report(bench.table, endpoint: "e", at: bench.now + .seconds(59)) == nil)
        #expect(watchdog.report(bench.table, endpoint: "e", at: bench.now + .seconds(60))?.contains("60.0 s") == true)
    }

    @Test("with workers it says which units are awaited, from whom and since when")
    func somebody() {
        var bench = TableBench(units: 3, workers: [TableBench.ann], credit: 2)
        let start = bench.now
        bench.take(.progressed(TableBench.ann, Progress(unit: TableBench.unit(0), attempt: 1, tokens: 12)))
        var watchdog = Watchdog(at: start)
        #expect(
            watchdog.report(bench.table, endpoint: "e", at: start + .seconds(31))
                == "nothing accepted for 31.0 s; 3 units open, 1 of them not handed out; train/0 from ann since 31.0 s (12 tokens); "
                + "train/1 from ann since 31.0 s (0 tokens)")
    }

    @Test("an acceptance starts the wait anew")
    func advanced() {
        let bench = TableBench(units: 1)
        var watchdog = Watchdog(at: bench.now)
        watchdog.advanced(at: bench.now + .seconds(20))
        #expect(watchdog.report(bench.table, endpoint: "e", at: bench.now + .seconds(45)) == nil)
    }
}
