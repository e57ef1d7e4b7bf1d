import T2Coordinator
import T2Core
import T2Transport
import Testing

struct WatchdogTests {
    @Test("without workers it says every 30 s how to start one")
    func noWorker() {
        let fixture = LeaseTableFixture(units: 2)
        var watchdog = Watchdog(at: fixture.now)
        #expect(watchdog.report(fixture.table, endpoint: "tcp://127.0.0.1:5555", at: fixture.now + .seconds(29)) == nil)
        #expect(
            watchdog.report(fixture.table, endpoint: "tcp://127.0.0.1:5555", at: fixture.now + .seconds(30))
                == "nothing accepted for 30.0 s and no worker is here; start one with: t2-worker join tcp://127.0.0.1:5555"
        )
        #expect(watchdog.report(fixture.table, endpoint: "e", at: fixture.now + .seconds(59)) == nil)
        #expect(
            watchdog.report(fixture.table, endpoint: "e", at: fixture.now + .seconds(60))?.contains("60.0 s") == true)
    }

    @Test("with workers it says which units are awaited, from whom and since when")
    func workers() {
        var fixture = LeaseTableFixture(units: 3, workers: [LeaseTableFixture.ann], credit: 2)
        let start = fixture.now
        fixture.take(
            .progressed(LeaseTableFixture.ann, Progress(unit: LeaseTableFixture.unit(0), attempt: 1, tokens: 12)))
        var watchdog = Watchdog(at: start)
        #expect(
            watchdog.report(fixture.table, endpoint: "e", at: start + .seconds(31))
                == "nothing accepted for 31.0 s; 3 units open, 1 of them not handed out; train/0 from ann since 31.0 s (12 tokens); "
                + "train/1 from ann since 31.0 s (0 tokens)")
    }

    @Test("a unit that goes out again and again is named with its attempt, and with its run where there are several")
    func again() {
        var fixture = LeaseTableFixture(units: 1, workers: [LeaseTableFixture.ann], credit: 1)
        fixture.take(.roundOpened(run: "s", units: LeaseTableFixture.units(1, run: "s")))
        var watchdog = Watchdog(at: fixture.now)
        fixture.wait(30, heard: [LeaseTableFixture.ann])
        fixture.take(.creditGranted(LeaseTableFixture.ann, count: 2))
        #expect(
            watchdog.report(fixture.table, endpoint: "e", at: fixture.now)
                == "nothing accepted for 30.0 s; 2 units open, 0 of them not handed out; r/0/train/0 from ann since 0.0 s "
                + "(0 tokens, attempt 2); s/0/train/0 from ann since 0.0 s (0 tokens)")
    }

    @Test("an acceptance starts the wait anew")
    func advanced() {
        let fixture = LeaseTableFixture(units: 1)
        var watchdog = Watchdog(at: fixture.now)
        watchdog.advanced(at: fixture.now + .seconds(20))
        #expect(watchdog.report(fixture.table, endpoint: "e", at: fixture.now + .seconds(45)) == nil)
    }
}
