import Foundation
import T2Core
import T2TestSupport
import Testing

@Suite("Local workers")
struct LocalWorkerTests {
    @Test("one that is killed, and killed again, comes back, and no byte of the expert changes")
    func killedTwice() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(extra: ["--local-workers", "1"])
        // The second name is the second start's. Once it has joined, it has work.
        for name in ["local-1 ", "local-1.2 "] {
            coordinator.when("worker=\(name)workers=") { lines in
                let started = lines.first { $0.contains("worker=\(name)") && $0.contains("local worker started") }
                let process = started?.firstMatch(of: /process=([0-9]+)/).flatMap { pid_t($0.1) }
                if let process { kill(process, SIGKILL) }
            }
        }
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        #expect(coordinator.text.contains("killed by signal 9"))
        #expect(coordinator.lines.contains { $0.contains("worker=local-1.3 ") && $0.contains("local worker started") })
        #expect(try cluster.recordedSteps() == [1, 2, 3])
        #expect(try cluster.digest("expert-last.safetensors") == (try await SameBytesTests.reference.value))
    }
}
