import Foundation
import T2TestSupport
import T2Monitor
import Testing

/// The checks of `scripts/monitoring`, of a monitor with a hostile worker.
@Suite("For the programs of operators", .serialized, .timeLimit(.minutes(20)))
struct OtherProgramTests {
    private static func isInstalled(_ program: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/\(program)")
    }

    private static func script(_ arguments: [String]) async throws -> (status: Int32, text: String) {
        try await blocking {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Repository.path + "/scripts/monitoring")
            process.arguments = arguments
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = pipe
            try process.run()
            let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            return (process.waitForStatus(), text)
        }
    }

    @Test(
        "the page connects, shows runs and workers, filters, pauses and resumes in a browser without an error in its console",
        .enabled(
            if: isInstalled("chromium") && isInstalled("python3"),
            "chromium or python3 is absent: apt-get install chromium"))
    func page() async throws {
        let live = try await LiveMonitor()
        let (status, text) = try await Self.script(["page", live.file.url + "#" + live.file.token])
        #expect(status == 0 && text.contains("the page shows 'eval"), "\(text)")
        await live.end()
    }

    @Test(
        "the metrics are scraped and queried by Prometheus",
        .enabled(
            if: isInstalled("prometheus") && isInstalled("python3"),
            "prometheus or python3 is absent: apt-get install prometheus"))
    func prometheus() async throws {
        let live = try await LiveMonitor()
        let (status, text) = try await Self.script(["prometheus", live.file.url])
        #expect(status == 0 && text.contains("runs ['eval'], utilisation 1.00"), "\(text)")
        await live.end()
    }
}
