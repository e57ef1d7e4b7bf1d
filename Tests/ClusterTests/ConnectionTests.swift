import Foundation
import T2Core
import T2Formats
import T2TestSupport
import T2Transport
import Testing

/// What connections may do to a running t2-coord.
@Suite("Connections to a running t2-coord", .serialized)
struct ConnectionTests {
    private static func hello(_ model: TinyModel, _ name: String, incarnation: UInt64) throws -> Data {
        let folder = try BaseModelFolder(path: model.path)
        return try MessageCodec().encode(
            .hello(
                Hello(
                    worker: WorkerIdentifier(name: name, incarnation: incarnation), modelDigest: folder.digest,
                    tokenizerDigest: folder.tokenizerDigest, fingerprint: "test", lanes: 1)))
    }

    private static func answer(_ dealer: Dealer) throws -> Message {
        var message = try MessageCodec().decode(dealer.receive())
        while case .heartbeat = message { message = try MessageCodec().decode(dealer.receive()) }
        return message
    }

    @Test("a worker is bound to the last connection that it introduced itself on, and a connection to one worker")
    func identities() async throws {
        let model = try TinyModel()
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(model)
        let endpoint = try await cluster.endpoint(coordinator)
        let (first, again, other) = try (Dealer(to: endpoint), Dealer(to: endpoint), Dealer(to: endpoint))
        for dealer in [first, again] {
            try dealer.send([Self.hello(model, "ann", incarnation: 1)])
            #expect(try Self.answer(dealer).kind == .welcome)
        }
        // The first connection is a stranger's now.
        try first.send([MessageCodec().encode(.credit(Credit(count: 1)))])
        guard case .error(let error) = try Self.answer(first) else {
            Issue.record("expected ERROR")
            return
        }
        #expect(error.category == .unknownWorker)
        // The lease goes to the last one.
        try again.send([MessageCodec().encode(.credit(Credit(count: 1, received: 0)))])
        #expect(try Self.answer(again).kind == .lease)
        // Another incarnation of a name that is here, and a second name on one connection.
        try other.send([Self.hello(model, "ann", incarnation: 2)])
        guard case .reject(let namesake) = try Self.answer(other) else {
            Issue.record("expected REJECT")
            return
        }
        #expect(namesake.reason == "a worker named 'ann' is here already")
        try again.send([Self.hello(model, "bob", incarnation: 3)])
        guard case .reject(let second) = try Self.answer(again) else {
            Issue.record("expected REJECT")
            return
        }
        #expect(second.reason == "this connection belongs to worker 'ann' already")
        try again.send([MessageCodec().encode(.bye(Bye(reason: "x\n\u{1b}[31mERROR")))])
        let line = try #require(await coordinator.line(containing: "worker left", seconds: 20))
        #expect(line.contains("x??[31mERROR") && !line.contains("\u{1b}"), "\(line)")
        coordinator.signal(SIGTERM)
        #expect(await coordinator.status(seconds: 30) == 0, "\(coordinator.text)")
    }

    @Test("connections leave descriptors for the run's files, and workers join once there is room")
    func descriptors() async throws {
        let model = try TinyModel()
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(model, openFiles: 128)
        let endpoint = try await cluster.endpoint(coordinator)
        let port = try #require(endpoint.split(separator: ":").last.flatMap { UInt16($0) })
        // A connection beyond the limit may be ended while it is being made.
        let silent = (0..<200).map { _ in LoopbackConnection(port: port) }
        #expect(await coordinator.line(containing: "connections already", seconds: 60) != nil, "\(coordinator.text)")
        for connection in silent { connection.close() }
        let worker = try cluster.worker(endpoint, model: model.path, name: "ann")
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
    }
}
