import Foundation
import T2Core
import T2TestSupport
import T2Transport
import Testing

/// CURVE with a list of keys, over loopback.
@Suite struct EncryptionTests {
    let folder: TemporaryFolder
    let keys: KeyFolder

    init() throws {
        folder = try TemporaryFolder()
        keys = KeyFolder(path: folder.path + "/keys")
    }

    private func invitation(_ name: String, expires: Date? = nil, to endpoint: String) throws -> Invitation {
        let (worker, server) = try keys.invite(name, expires: expires)
        return Invitation(name: name, endpoints: [endpoint], serverKey: server, keys: worker, expires: expires)
    }

    private func withCoordinator(_ body: (ZeroMQCoordinatorTransport) async throws -> Void) async throws {
        if !keys.exists { _ = try keys.invite("first", expires: nil) }
        let coordinator = try ZeroMQCoordinatorTransport.listen(
            on: ["tcp://127.0.0.1:0"], admission: try Admission(folder: keys), options: ZeroMQTransportTests.quick())
        do { try await body(coordinator) } catch {
            await coordinator.close()
            throw error
        }
        await coordinator.close()
    }

    private func refusal(_ coordinator: ZeroMQCoordinatorTransport) async throws -> String {
        try await coordinator.next("a refusal") { event in
            if case .strayConnection(let reason) = event { reason } else { nil }
        }
    }

    private func refused(_ worker: ZeroMQWorkerTransport) async throws -> String {
        try await worker.next("a refusal") { event in
            if case .refused(let reason, _) = event { reason } else { nil }
        }
    }

    @Test("a worker with an invitation joins, and its connection carries the name of its key")
    func joins() async throws {
        try await withCoordinator { coordinator in
            // Invited while the coordinator runs.
            let ann = try invitation("ann", to: coordinator.endpoint)
            let worker = try ZeroMQWorkerTransport.connect(with: ann, as: .named("ann"))
            try await worker.mustSend(.credit(Credit(count: 3)))
            let (message, peer) = try await coordinator.nextMessage()
            #expect(message == .credit(Credit(count: 3)) && peer.keyName == "ann" && peer.address == "127.0.0.1")
            #expect(try await coordinator.send(.drain(Drain(reason: "x")), to: peer) == .sent)
            #expect(try await worker.nextMessage() == .drain(Drain(reason: "x")))
            await worker.close()
        }
    }

    @Test("a key that was revoked ends the worker's connection, and does not come in again")
    func revoked() async throws {
        try await withCoordinator { coordinator in
            let ann = try invitation("ann", to: coordinator.endpoint)
            let worker = try ZeroMQWorkerTransport.connect(with: ann, as: .named("ann"))
            try await worker.mustSend(.credit(Credit(count: 3)))
            _ = try await coordinator.nextMessage()
            try keys.revoke("ann")
            let reason = try await refusal(coordinator)
            #expect(reason.contains("127.0.0.1:") && reason.contains("worker 'ann': its key was revoked"), "\(reason)")
            #expect(try await refused(worker).contains("does not take this worker's key"))
            await worker.close()
        }
    }

    @Test("an unknown key, an expired one and a plain-text client are refused, and the report says which it was")
    func strangers() async throws {
        try await withCoordinator { coordinator in
            let old = try invitation("old", expires: Date(timeIntervalSinceNow: -60), to: coordinator.endpoint)
            let server = old.serverKey
            let unknown = Invitation(
                name: "eve", endpoints: [coordinator.endpoint], serverKey: server, keys: try .random())
            for (invitation, text) in [(old, "worker 'old': its key expired on"), (unknown, "unknown key")] {
                let worker = try ZeroMQWorkerTransport.connect(with: invitation, as: .named("eve"))
                #expect(try await refused(worker).contains("does not take this worker's key"))
                // libzmq may try again before the worker is closed.
                var reason = ""
                while !reason.contains(text) { reason = try await refusal(coordinator) }
                #expect(reason.contains("127.0.0.1"), "\(reason)")
                await worker.close()
            }
            let plain = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: .named("eve"))
            #expect(try await refused(plain).contains("one side is encrypted"))
            var reason = ""
            while !reason.contains("not encrypted") { reason = try await refusal(coordinator) }
            #expect(reason.hasPrefix("127.0.0.1:"), "\(reason)")
            await plain.close()
        }
    }

    @Test("an invitation for a coordinator without keys is refused by the worker")
    func noKeysAtCoordinator() async throws {
        try await ZeroMQTransportTests.withCoordinator { coordinator in
            let ann = try invitation("ann", to: coordinator.endpoint)
            let worker = try ZeroMQWorkerTransport.connect(with: ann, as: .named("ann"))
            #expect(try await refused(worker).contains("one side is encrypted"))
            await worker.close()
        }
    }

    @Test("a worker tries the endpoints of its invitation in turn")
    func severalEndpoints() async throws {
        try await withCoordinator { coordinator in
            var ann = try invitation("ann", to: coordinator.endpoint)
            ann = Invitation(
                name: "ann", endpoints: ["tcp://127.0.0.1:9", coordinator.endpoint], serverKey: ann.serverKey,
                keys: ann.keys)
            let worker = try ZeroMQWorkerTransport.connect(with: ann, as: .named("ann"))
            try await worker.mustSend(.credit(Credit(count: 3)))
            #expect(try await coordinator.nextMessage().peer.keyName == "ann")
            await worker.close()
        }
    }

    @Test("a damaged list of keys is reported, and the old one stays in force")
    func damagedList() async throws {
        try await withCoordinator { coordinator in
            let ann = try invitation("ann", to: coordinator.endpoint)
            let worker = try ZeroMQWorkerTransport.connect(with: ann, as: .named("ann"))
            try await worker.mustSend(.credit(Credit(count: 3)))
            let peer = try await coordinator.nextMessage().peer
            try String(repeating: "[", count: 513).write(
                toFile: keys.path + "/workers.json", atomically: true, encoding: .utf8)
            #expect(try await refusal(coordinator).contains("workers.json: cannot be read"))
            #expect(try await coordinator.send(.drain(Drain(reason: "x")), to: peer) == .sent)
            #expect(throws: InputError.self) { try Admission(folder: keys) }
            await worker.close()
        }
    }
}

@Suite struct KeyFolderTests {
    @Test("keys and lists are files for their owner alone, and an invitation survives its file")
    func files() throws {
        let folder = try TemporaryFolder()
        let keys = KeyFolder(path: folder.path + "/a/keys")
        #expect(!keys.exists && keys.version.isEmpty)
        #expect(try keys.workers().isEmpty)
        let date = Date(timeIntervalSince1970: 2_000_000_000)
        let (worker, server) = try keys.invite("node7", expires: date)
        #expect(try keys.serverKeys().publicKey == server)
        #expect(try keys.workers().map(\.name) == ["node7"] && keys.workers().map(\.expires) == [date])
        for name in ["server.json", "workers.json"] {
            let mode = try FileManager.default.attributesOfItem(atPath: keys.path + "/" + name)[.posixPermissions]
            #expect(mode as? Int == 0o600)
        }
        let invitation = Invitation(
            name: "node7", endpoints: ["tcp://a:1", "tcp://[::1]:2"], serverKey: server, keys: worker, expires: date)
        let path = folder.path + "/node7.invite"
        try invitation.text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try Invitation(path: path) == invitation)
        let version = keys.version
        try keys.revoke("node7")
        #expect(keys.version != version)
        #expect(try keys.workers()[0].refusal()?.contains("revoked") == true)
        // A revoked name can be invited again.
        #expect(try keys.invite("node7", expires: nil).worker != worker)
    }

    @Test("a name is taken once, and names that could be mistaken are refused")
    func names() throws {
        let keys = KeyFolder(path: try TemporaryFolder().path + "/keys")
        _ = try keys.invite("node7", expires: nil)
        for name in ["node7", "", "local", "local-1", "a/b", "a b", "x\n", "-x", String(repeating: "x", count: 65)] {
            #expect(throws: InputError.self) { try keys.invite(name, expires: nil) }
        }
        #expect(throws: InputError.self) { try keys.revoke("node8") }
        #expect(WorkerKey.allows("node7", keyName: "node7") && WorkerKey.allows("node7/2", keyName: "node7"))
        #expect(!WorkerKey.allows("node70", keyName: "node7") && !WorkerKey.allows("node7-2", keyName: "node7"))
        #expect(WorkerKey.allows("local-3.2", keyName: "local") && !WorkerKey.allows("node7", keyName: "local"))
    }

    @Test(
        "a damaged invitation is refused with what is wrong",
        arguments: [
            ("name: node7", "", "expected one line 'name: …', found 0"),
            ("endpoint: tcp://a:1", "", "there is no line 'endpoint"),
            ("server-key: ", "server-key: x", "server-key is no key"), ("public-key: ", "oops ", "is not of the form"),
            ("expires: 2033", "expires: soon2033", "expires is no date"),
        ])
    func damaged(old: String, new: String, problem: String) throws {
        let folder = try TemporaryFolder()
        let invitation = Invitation(
            name: "node7", endpoints: ["tcp://a:1"], serverKey: try CurveKeyPair.random().publicKey,
            keys: try .random(),
            expires: Date(timeIntervalSince1970: 2_000_000_000))
        let text = invitation.text
        #expect(text.contains(old))
        let path = folder.path + "/x"
        try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: InputError.self) { try Invitation(path: path) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }
}
