import CZeroMQ
import Foundation
import T2Core
import T2TestSupport
import Testing

/// Workers with keys, as on other machines: real programs, with encryption.
@Suite("Invited workers", .serialized)
struct InvitationTests {
    private let cluster: Cluster
    private let model: TinyModel
    private var keys: String { cluster.folder + "/keys" }

    init() throws {
        cluster = try Cluster()
        model = try TinyModel()
    }

    /// The path of an invitation that `t2-coord invite` wrote.
    private func invite(_ name: String, to endpoint: String, extra: [String] = []) async throws -> String {
        let path = "\(cluster.folder)/\(name).invite"
        let invite = try RunningProgram(
            "t2-coord", ["invite", name, "--endpoint", endpoint, "--keys", keys, "--output", path] + extra)
        #expect(await invite.status(seconds: 30) == 0, "\(invite.text)")
        return path
    }

    private func join(_ invitation: String, _ extra: [String] = []) throws -> RunningProgram {
        try RunningProgram("t2-worker", ["join", invitation, "--model", model.path, "--lanes", "1"] + extra)
    }

    private func revoke(_ name: String) async throws {
        let revoke = try RunningProgram("t2-coord", ["keys", "revoke", name, "--keys", keys])
        #expect(await revoke.status(seconds: 30) == 0, "\(revoke.text)")
    }

    @Test("train the same bytes as without keys, and so do local workers")
    func training() async throws {
        let plain = try Cluster()
        let undisturbed = try plain.coordinator(model, extra: ["--local-workers", "1"])
        #expect(await undisturbed.status() == 0, "\(undisturbed.text)")

        _ = try await invite("first", to: "tcp://127.0.0.1:1")
        let coordinator = try cluster.coordinator(model, extra: ["--keys", keys])
        let worker = try join(try await invite("node7", to: try await cluster.endpoint(coordinator)))
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        #expect(coordinator.text.contains("workers need an invitation: t2-coord invite NAME"))

        let local = try Cluster()
        let alone = try local.coordinator(model, extra: ["--keys", keys, "--local-workers", "1"])
        #expect(await alone.status() == 0, "\(alone.text)")
        for one in [cluster, local] {
            #expect(
                try one.digest("expert-last.safetensors") == plain.digest("expert-last.safetensors"))
        }
    }

    @Test("are refused when their key is revoked, unknown, expired or another's, and the log says who and why")
    func refused() async throws {
        let early = try await invite("early", to: "tcp://127.0.0.1:1")
        // Nobody is admitted, so the run waits.
        let coordinator = try cluster.coordinator(model, extra: ["--keys", keys])
        let endpoint = try await cluster.endpoint(coordinator)

        let node7 = try await invite("node7", to: endpoint)
        let attributes = try FileManager.default.attributesOfItem(atPath: node7)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        // Another name than the key's is refused by the worker, and by the coordinator if the worker does not look.
        let renamed = try join(node7, ["--name", "boss"])
        #expect(await renamed.status(seconds: 60) == 64, "\(renamed.text)")
        let text = try String(contentsOfFile: node7, encoding: .utf8)
        let forged = cluster.folder + "/forged.invite"
        try text.replacingOccurrences(of: "name: node7", with: "name: boss")
            .write(toFile: forged, atomically: true, encoding: .utf8)
        let liar = try join(forged)
        #expect(await liar.status(seconds: 60) == 78, "\(liar.text)")
        #expect(liar.text.contains("the key of worker 'node7' does not allow the name 'boss'"), "\(liar.text)")
        #expect(await coordinator.line(containing: "worker refused", seconds: 60)?.contains("127.0.0.1") == true)

        try await revoke("node7")
        let revoked = try join(node7)
        #expect(await revoked.status(seconds: 60) == 78, "\(revoked.text)")
        #expect(revoked.text.contains("does not take this worker's key"), "\(revoked.text)")
        let line = await coordinator.line(containing: "worker 'node7': its key was revoked on", seconds: 60)
        #expect(line?.contains("127.0.0.1") == true, "\(coordinator.text)")

        let plain = try cluster.worker(endpoint, model: model.path, name: "eve")
        #expect(await plain.status(seconds: 60) == 78, "\(plain.text)")
        #expect(await coordinator.line(containing: "not encrypted: only workers", seconds: 60) != nil)

        let short = try await invite("short", to: endpoint, extra: ["--expires", "30"])
        let dated = try String(contentsOfFile: short, encoding: .utf8)
        #expect(dated.contains("expires: 20"))
        try dated.replacingOccurrences(of: "expires: 20", with: "expires: 10")
            .write(toFile: short, atomically: true, encoding: .utf8)
        let expired = try join(short)
        #expect(await expired.status(seconds: 60) == 78, "\(expired.text)")
        #expect(expired.text.contains("expired on"), "\(expired.text)")

        let list = try RunningProgram("t2-coord", ["keys", "list", "--keys", keys])
        #expect(await list.status(seconds: 30) == 0)
        #expect(list.text.contains("node7") && list.text.contains("its key was revoked"), "\(list.text)")
        #expect(early.hasSuffix("early.invite"))
        coordinator.signal(SIGTERM)
        #expect(await coordinator.status(seconds: 30) == 0, "\(coordinator.text)")
    }

    @Test("lose their connection when their key is revoked while they work")
    func revokedAtWork() async throws {
        _ = try await invite("early", to: "tcp://127.0.0.1:1")
        let coordinator = try cluster.coordinator(steps: 20, extra: ["--keys", keys])
        let node7 = try await invite("node7", to: try await cluster.endpoint(coordinator))
        let worker = try RunningProgram("t2-worker", ["join", node7, "--model", Cluster.model, "--lanes", "1"])
        #expect(await coordinator.line(containing: "worker joined") != nil, "\(coordinator.text)\n\(worker.text)")
        try await revoke("node7")
        #expect(await worker.status(seconds: 60) == 78, "\(worker.text)")
        #expect(
            await coordinator.line(containing: "worker 'node7': its key was revoked on", seconds: 60) != nil,
            "\(coordinator.text)")
        // Its units are still there for others.
        let honest = try RunningProgram(
            "t2-worker",
            [
                "join", try await invite("node8", to: try await cluster.endpoint(coordinator)), "--model",
                Cluster.model,
            ])
        #expect(await coordinator.status() == 0, "\(coordinator.text)")
        #expect(await honest.status(seconds: 30) == 0, "\(honest.text)")
    }

    @Test("a worker whose coordinator speaks another version of the protocol says so once and ends")
    func otherVersion() async throws {
        let context = try #require(zmq_ctx_new())
        let router = try #require(zmq_socket(context, ZMQ_ROUTER))
        defer {
            zmq_close(router)
            zmq_ctx_term(context)
        }
        var linger: Int32 = 1_000
        var patience: Int32 = 60_000
        zmq_setsockopt(router, ZMQ_LINGER, &linger, 4)
        zmq_setsockopt(router, ZMQ_RCVTIMEO, &patience, 4)
        try #require(zmq_bind(router, "tcp://127.0.0.1:*") == 0)
        var name = [UInt8](repeating: 0, count: 100)
        var length = name.count
        zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, &name, &length)
        let endpoint = String(decoding: name[..<(length - 1)], as: UTF8.self)
        let worker = try cluster.worker(endpoint, model: model.path, name: "ann")
        var identity = [UInt8](repeating: 0, count: 255)
        let count = zmq_recv(router, &identity, identity.count, 0)
        try #require(count > 0, "the worker said nothing: \(worker.text)")
        // What t2 before version T2/4 answers to a message that it does not know.
        zmq_send(router, identity, Int(count), ZMQ_SNDMORE)
        for (place, frame) in ["T2/2", "ERROR", #"{"category":"malformed-message","message":"x","logLines":[]}"#]
            .enumerated()
        {
            zmq_send(router, frame, frame.utf8.count, place < 2 ? ZMQ_SNDMORE : 0)
        }
        #expect(await worker.status(seconds: 60) == 78, "\(worker.text)")
        let lines = worker.lines.filter { $0.contains("T2/2") && $0.contains("error:") }
        #expect(lines.count == 1, "\(worker.text)")
        #expect(worker.text.contains("Run the same version of t2 on both sides."), "\(worker.text)")
    }
}
