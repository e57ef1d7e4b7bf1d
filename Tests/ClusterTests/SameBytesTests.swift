import Foundation
import T2Core
import T2Numerics
import T2TestSupport
import Testing

@Suite("Same seed, same bytes", .serialized)
struct SameBytesTests {
    /// The expert of an undisturbed run with one worker of one lane: what every other run is compared with.
    static let reference = Task { () throws -> Digest in
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator()
        let worker = try cluster.worker(try await cluster.endpoint(coordinator), name: "only")
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        #expect(try cluster.recordedSteps() == [1, 2, 3])
        return try cluster.digest("expert-last.safetensors")
    }

    @Test("three workers with different numbers of lanes give the bytes of one")
    func workersAndLanes() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator()
        let endpoint = try await cluster.endpoint(coordinator)
        let workers = try (1...3).map { try cluster.worker(endpoint, lanes: $0, name: "worker-\($0)") }
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        for worker in workers { #expect(await worker.status(seconds: 30) == 0, "\(worker.text)") }
        #expect(try cluster.digest("expert-last.safetensors") == (try await Self.reference.value))
    }

    @Test("kill -9 of a worker in the middle of a unit changes nothing")
    func killedWorker() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator()
        let endpoint = try await cluster.endpoint(coordinator)
        let victim = try cluster.worker(endpoint, name: "victim")
        victim.signal(SIGKILL, atLineContaining: "unit")
        #expect(await victim.status() == -SIGKILL, "\(victim.text)")
        let other = try cluster.worker(endpoint, name: "other")
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(other.text)")
        #expect(try cluster.digest("expert-last.safetensors") == (try await Self.reference.value))
    }

    @Test("kill -9 of the coordinator and --resume give the same bytes, and every step once", arguments: [0, 1, 2])
    func killedCoordinator(afterStep step: Int) async throws {
        let cluster = try Cluster()
        let first = try cluster.coordinator()
        let endpoint = try await cluster.endpoint(first)
        // It outlives the coordinator and finds the next one at the same address.
        let worker = try cluster.worker(endpoint, name: "patient")
        if step == 0 {
            worker.when("unit") { _ in first.signal(SIGKILL) }
        } else {
            first.signal(SIGKILL, atLineContaining: "\(step)/3")
        }
        #expect(await first.status() == -SIGKILL, "\(first.text)")
        let second = try cluster.coordinator(bind: endpoint, resume: true)
        #expect(await second.status() == 0, "\(second.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        #expect(try cluster.recordedSteps() == [1, 2, 3])
        #expect(try cluster.digest("expert-last.safetensors") == (try await Self.reference.value))
    }

    @Test(
        "with weights in bfloat16, any workers and lanes give the same bytes, and a token is sampled as it is scored",
        .enabled(if: PackedMatrix.isSupported, "this processor does not multiply bfloat16"))
    func bfloat() async throws {
        func run(_ body: (Cluster, String) async throws -> [RunningProgram]) async throws -> Digest {
            let cluster = try Cluster()
            let coordinator = try cluster.coordinator(extra: ["--weights", "bf16"])
            let workers = try await body(cluster, try await cluster.endpoint(coordinator))
            #expect(await coordinator.status() == 0, "\(coordinator.text)")
            for worker in workers { #expect(await worker.status(seconds: 30) == 0, "\(worker.text)") }
            let metrics = try String(contentsOfFile: cluster.runFolder + "/metrics.jsonl", encoding: .utf8)
            #expect(metrics.matches(of: /"largest_log_probability_difference":0,/).count == 3)
            return try cluster.digest("expert-last.safetensors")
        }
        let flags = ["--weights", "bf16"]
        let one = try await run { [try $0.worker($1, name: "only", extra: flags)] }
        let several = try await run { cluster, endpoint in
            let victim = try cluster.worker(endpoint, name: "victim", extra: flags)
            victim.signal(SIGKILL, atLineContaining: "unit")
            #expect(await victim.status() == -SIGKILL, "\(victim.text)")
            return try (1...2).map { lanes in
                try cluster.worker(endpoint, lanes: lanes, name: "worker-\(lanes)", extra: flags)
            }
        }
        #expect(one == several)
        #expect(one != (try await Self.reference.value))
    }

    @Test("garbage and HTTP on the port disturb nobody")
    func garbage() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator()
        let endpoint = try await cluster.endpoint(coordinator)
        let port = try #require(UInt16(endpoint.split(separator: ":").last!))
        for text in ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", String(repeating: "\u{7f}\u{1}", count: 5000), ""] {
            try Stranger.send(text, port: port)
        }
        let worker = try cluster.worker(endpoint, name: "only")
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(try cluster.digest("expert-last.safetensors") == (try await Self.reference.value))
    }
}

/// A peer that connects and does not speak the protocol.
enum Stranger {
    static func send(_ text: String, port: UInt16) throws {
        let connection = LoopbackConnection(port: port)
        defer { connection.close() }
        try connection.requireOpen()
        // The other side may hang up at any byte.
        _ = text.utf8.withContiguousStorageIfAvailable {
            Foundation.send(connection.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
    }
}
