import Foundation
import T2Core
import T2TestSupport
import Testing

@Suite("An operator of a real cluster", .serialized)
struct OperatorTests {
    private func command(_ cluster: Cluster, _ arguments: String...) async throws -> (status: Int32?, text: String) {
        let program = try RunningProgram("t2-coord", arguments + ["--run-dir", cluster.runFolder])
        return (await program.status(seconds: 60), program.text)
    }

    private struct Status: Decodable {
        struct Worker: Decodable {
            let name: String
            let units: Int
            let lanes: Int
        }
        struct Run: Decodable {
            let name: String
            let step: Int
            let steps: Int
        }
        let runs: [Run]
        let workers: [Worker]
        let isPaused: Bool
    }

    private func status(_ cluster: Cluster) async throws -> Status {
        let (status, text) = try await command(cluster, "status", "--json")
        try #require(status == 0, "\(text)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Status.self, from: Data(text.utf8))
    }

    @Test("sees the run, drains a worker, pauses, resumes and stops it; --resume gives the bytes of an undisturbed run")
    func commands() async throws {
        let undisturbed = try Cluster()
        let alone = try undisturbed.coordinator(extra: ["--local-workers", "1"])
        let cluster = try Cluster()
        let events = ["--tensorboard", cluster.folder + "/events"]
        let first = try cluster.coordinator(extra: events)
        #expect(await first.line(containing: "monitor http://127.0.0.1:") != nil, "\(first.text)")
        let why = try await command(cluster, "why")
        #expect(why.status == 0 && why.text.contains("t2-worker join tcp://127.0.0.1:"), "\(why.text)")
        let paused = try await command(cluster, "pause")
        #expect(paused.status == 0, "\(paused.text)")
        // A pause outlasts the coordinator.
        first.signal(SIGKILL)
        #expect(await first.status(seconds: 60) == -SIGKILL)
        let coordinator = try cluster.coordinator(resume: true, extra: events)
        let endpoint = try await cluster.endpoint(coordinator)
        #expect(await coordinator.line(containing: "paused, as before this start") != nil, "\(coordinator.text)")
        let (ann, bob) = (try cluster.worker(endpoint, name: "ann"), try cluster.worker(endpoint, name: "bob"))
        #expect(await coordinator.line(containing: "worker=ann") != nil)
        #expect(await coordinator.line(containing: "worker=bob") != nil)
        // A status may be half a second old.
        var waiting = try await status(cluster)
        for _ in 0..<50 where waiting.workers.count < 2 { waiting = try await status(cluster) }
        #expect(waiting.isPaused && waiting.workers.map(\.name) == ["ann", "bob"])
        #expect(waiting.workers.allSatisfy { $0.units == 0 && $0.lanes == 1 })
        #expect(waiting.runs.map(\.name) == ["run"] && waiting.runs[0].steps == 3)
        let drained = try await command(cluster, "drain", "ann")
        #expect(drained.status == 0, "\(drained.text)")
        #expect(await ann.status(seconds: 60) == 0, "\(ann.text)")
        let unknown = try await command(cluster, "drain", "ann")
        #expect(unknown.status == ExitStatus.data.rawValue && unknown.text.contains("here are: bob"), "\(unknown.text)")
        // While its only worker is stopped, the run cannot end before the command.
        coordinator.when("step 1/3") { _ in bob.signal(SIGSTOP) }
        #expect(try await command(cluster, "resume").status == 0)
        #expect(await coordinator.line(containing: "step 1/3") != nil, "\(coordinator.text)\n\(bob.text)")
        let stopped = try await command(cluster, "stop")
        bob.signal(SIGCONT)
        #expect(stopped.status == 0 && stopped.text.contains("--resume"), "\(stopped.text)")
        #expect(await coordinator.status(seconds: 60) == 0, "\(coordinator.text)")
        #expect(await bob.status(seconds: 60) == 0, "\(bob.text)")
        let gone = try await command(cluster, "status")
        #expect(gone.status == ExitStatus.unavailable.rawValue, "\(gone.text)")
        #expect(gone.text.contains("no coordinator runs this job now"))
        let next = try cluster.coordinator(resume: true, extra: ["--local-workers", "1"])
        #expect(await next.status() == 0, "\(next.text)")
        #expect(await alone.status() == 0, "\(alone.text)")
        #expect(try cluster.digest("expert-last.safetensors") == undisturbed.digest("expert-last.safetensors"))
        // What was written during the run is the beginning of what is exported after it.
        let exported = try await command(cluster, "export", "--tensorboard", cluster.folder + "/again")
        #expect(exported.status == 0 && exported.text.contains("3 updates, 2 evaluations"), "\(exported.text)")
        let name = "/run/events.out.tfevents.0000000000.t2"
        let files = try ["/again", "/events"].map { try Data(contentsOf: URL(filePath: cluster.folder + $0 + name)) }
        #expect(files[0].starts(with: files[1]) && files[1].count > 100)
    }

    @Test("is told of an address that is in use before there is a run folder")
    func addressInUse() async throws {
        let (first, second) = (try Cluster(), try Cluster())
        let coordinator = try first.coordinator()
        let line = try #require(await coordinator.line(containing: "monitor http://"))
        let port = try #require(line.firstMatch(of: /127\.0\.0\.1:(\d+)/)).output.1
        let other = try second.coordinator(extra: ["--monitor", String(port)])
        #expect(await other.status(seconds: 60) == ExitStatus.unavailable.rawValue, "\(other.text)")
        #expect(other.text.contains("error: --monitor 127.0.0.1:\(port): cannot listen there: Address already in use"))
        #expect(!FileManager.default.fileExists(atPath: second.runFolder))
        let wrong = try second.coordinator(extra: ["--monitor", "node7"])
        #expect(await wrong.status(seconds: 60) == ExitStatus.usage.rawValue, "\(wrong.text)")
        coordinator.signal(SIGTERM)
        #expect(await coordinator.status(seconds: 60) == 0)
    }
}
