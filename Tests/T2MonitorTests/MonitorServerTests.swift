import Foundation
import T2Coordinator
import T2Core
import T2TestSupport
import T2Monitor
import Testing

@Suite("The monitor's server", .serialized, .timeLimit(.minutes(20)))
struct MonitorServerTests {
    @Test("answers on loopback without a token, and lets nobody act without one")
    func access() async throws {
        let live = try await LiveMonitor()
        for path in [
            "/", "/page.js", "/page.css", "/health", "/metrics", "/api/status", "/api/why", "/api/history",
            "/api/rollouts", "/api/events",
        ] {
            #expect(try await live.status("GET", path) == 200, "\(path)")
        }
        for action in ["pause", "resume", "stop", "drain?worker=ann"] {
            #expect(try await live.status("POST", "/api/\(action)") == 401)
            #expect(
                try await live.status("POST", "/api/\(action)", ["Authorization: Bearer \(live.file.token.dropLast())"])
                    == 401)
            #expect(try await live.status("GET", "/api/\(action)", live.token) == 404)
        }
        #expect(await !dispatcherIsPaused(live) && live.stopped.value.withLock { !$0 })
        await live.end()
    }

    private func dispatcherIsPaused(_ live: LiveMonitor) async -> Bool { await live.dispatcher.snapshot().isPaused }

    @Test("refuses what pages of other sites make a browser send, even with the token, and other names of its address")
    func otherSites() async throws {
        let live = try await LiveMonitor()
        let foreign = ["Origin: http://evil.example"]
        #expect(try await live.status("POST", "/api/pause", live.token + foreign) == 403)
        #expect(try await live.status("POST", "/api/pause", live.token + ["Origin: null"]) == 403)
        #expect(try await live.status("GET", "/api/rollouts", foreign) == 403)
        #expect(try await live.status("GET", "/metrics", ["Sec-Fetch-Site: cross-site"]) == 403)
        #expect(try await live.status("GET", "/api/status", host: "evil.example:80") == 403)
        #expect(await !dispatcherIsPaused(live))
        #expect(
            try await live.status("POST", "/api/pause", live.token + ["Origin: http://\(live.file.address)"]) == 200)
        #expect(await dispatcherIsPaused(live))
        await live.end()
    }

    @Test("wants the token for everything but health and the page's files where other machines reach it")
    func otherMachines() async throws {
        let live = try await LiveMonitor(.on(host: "0.0.0.0", port: 0))
        for path in ["/", "/page.js", "/health"] { #expect(try await live.status("GET", path) == 200) }
        for path in ["/metrics", "/api/status", "/api/rollouts", "/api/events"] {
            #expect(try await live.status("GET", path) == 401)
            #expect(try await live.status("GET", path, live.token) == 200)
        }
        await live.end()
    }

    @Test("shows a hostile worker as text: one label of the metrics, one string of the JSON, nothing in the page")
    func hostileNames() async throws {
        let live = try await LiveMonitor()
        let escaped = #"worker="ann <script>alert(1)</script> \"&'""#
        #expect(try await live.ask("GET", "/metrics").contains("t2_worker_lanes{\(escaped)} 1.0\n"))
        let client = try MonitorClient(folder: live.folder.path + "/run")
        let (status, waits) = try await blocking { (try client.status().report, try client.waits().report) }
        #expect(status.workers.map(\.name) == [LiveMonitor.worker])
        #expect(waits.waits.first?.worker == LiveMonitor.worker)
        let page = try await live.ask("GET", "/")
        #expect(page.contains("script-src 'self'") && !page.contains("alert"))
        #expect(!page.contains("http://") && !page.contains("https://"))
        await live.end()
    }

    @Test("pauses, resumes, drains and stops for the commands, and says so if a worker is unknown")
    func actions() async throws {
        let live = try await LiveMonitor()
        let client = try MonitorClient(folder: live.folder.path + "/run")
        #expect(try await blocking { try client.act("pause") }.message.contains("until t2-coord resume"))
        #expect(try await blocking { try client.status().report }.isPaused)
        #expect(try await blocking { try client.act("resume") }.message == "leases are granted again")
        let name = try #require(LiveMonitor.worker.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        #expect(
            try await blocking { try client.act("drain", query: "?worker=\(name)") }.message.contains(
                "finishes 2 leases"))
        #expect(try await blocking { try client.status().report }.workers.map(\.state) == [.draining])
        let error = await #expect(throws: MonitorClient.Refusal.self) {
            try await blocking { try client.act("drain", query: "?worker=bob") }
        }
        #expect(error?.description.contains("worker 'bob': is not here; here are: ann") == true)
        _ = try await blocking { try client.act("stop") }
        #expect(live.stopped.value.withLock { $0 })
        await live.end()
    }

    @Test("is told by a file that only its owner reads, and that is gone at the end")
    func file() async throws {
        let live = try await LiveMonitor()
        let path = live.folder.path + "/run/monitor.json"
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        await live.end()
        #expect(!FileManager.default.fileExists(atPath: path))
        await #expect(throws: (any Error).self) { try await live.status("GET", "/health") }
    }

    @Test("ends at once although clients still follow its events, and refuses an address in use")
    func end() async throws {
        let live = try await LiveMonitor()
        let follower = Process()
        follower.executableURL = URL(fileURLWithPath: "/bin/bash")
        follower.arguments = [
            "-c",
            "exec 3<>/dev/tcp/\(live.file.address.replacing(":", with: "/")); "
                + "printf 'GET /api/events HTTP/1.1\\r\\nHost: \(live.file.address)\\r\\n\\r\\n' >&3; head -c 20 <&3; cat <&3 >/dev/null",
        ]
        let pipe = Pipe()
        follower.standardOutput = pipe
        try follower.run()
        #expect(try await blocking { pipe.fileHandleForReading.availableData }.starts(with: "HTTP/1.1 200".utf8))
        let port = try #require(Int(live.file.address.split(separator: ":").last ?? ""))
        let error = await #expect(throws: InputError.self) {
            _ = try await Monitor(live.dispatcher, program: "", logger: .init(label: "test"), stopJobs: {})
                .begin(on: .on(host: "127.0.0.1", port: port))
        }
        #expect(error?.description.contains("Address already in use") == true)
        await live.end()
        try await blocking { follower.waitUntilExit() }
    }

    @Test(
        "takes the addresses that people write",
        arguments: [
            ("9100", MonitorAddress.on(host: "127.0.0.1", port: 9100)),
            ("localhost:1", .on(host: "127.0.0.1", port: 1)),
            ("0.0.0.0:80", .on(host: "0.0.0.0", port: 80)), ("[::1]:80", .on(host: "::1", port: 80)), ("off", .off),
            ("node7:80", .on(host: "node7", port: 80)), ("70000", nil), ("node7", nil), (":80", nil), ("node7:", nil),
            ("", nil), ("-1", nil),
        ])
    func addresses(text: String, address: MonitorAddress?) {
        #expect(MonitorAddress(text) == address)
        if case .on(let host, _) = address { #expect(address?.isLoopback == ["127.0.0.1", "::1"].contains(host)) }
    }

    @Test("is missed with a message that says what to do")
    func absence() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: InputError.self) { try MonitorClient(folder: folder.path) }
        #expect(error?.description.contains("holds no run") == true)
        try folder.write("", to: "run.sqlite")
        for content in ["", "{}", #"{"address": "127.0.0.1:1", "token": "", "process": 999999999}"#] {
            try folder.write(content, to: "monitor.json")
            let ended = #expect(throws: InputError.self) { try MonitorClient(folder: folder.path) }
            #expect(ended?.description.contains("no coordinator runs this job now") == true)
        }
        try FileManager.default.removeItem(atPath: folder.path + "/monitor.json")
        let ended = #expect(throws: InputError.self) { try MonitorClient(folder: folder.path) }
        #expect(ended?.description.contains("no coordinator runs this job now") == true)
        #expect(ended?.exitStatus == .unavailable)
    }
}
