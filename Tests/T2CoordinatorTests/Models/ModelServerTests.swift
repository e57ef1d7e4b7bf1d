import Foundation
import Logging
import T2Coordinator
import T2Core
import T2Jobs
import T2TestSupport
import T2Transport
import Testing

/// What a coordinator hands to peers that have not joined, over connections in memory.
@Suite struct ModelServerTests {
    /// A server of made-up files whose requests come from a network in memory.
    private final class Fixture: Sendable {
        let folder: TemporaryFolder
        let network = InMemoryNetwork()
        let weights: Data
        let serving: Task<Void, Never>

        init(weights size: Int = 3 * MessageLimits.chunkBytes + 5) async throws {
            folder = try TemporaryFolder()
            weights = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) })
            try folder.write("{}", to: "config.json")
            try folder.write("[]", to: "tokenizer.json")
            try folder.write(weights, to: "model.safetensors")
            let known = TestTraining.model
            let model = JobModel(
                path: folder.path, configuration: known.configuration, digest: known.digest,
                tokenizerDigest: known.tokenizerDigest)
            let key = Digest(of: "weight")
            let kept = try folder.write("decomposition", to: "cache/kept")
            let files = ModelFiles(model) { [(key, kept), (Digest(of: "another"), kept + "-not")] }
            let server = ModelServer(files, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let transport = await network.listen()
            serving = Task {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await server.serve(over: transport) }
                    while let event = await transport.nextEvent(), event != .closed {
                        switch event {
                        case .message(.getModel, let peer): server.describe(to: peer)
                        case .message(.getChunk(let request), let peer): server.take(request, from: peer)
                        case .unreachable(let peer): server.forget(peer)
                        default: break
                        }
                    }
                    group.cancelAll()
                }
            }
        }

        deinit { serving.cancel() }

        func connect(_ name: String = "ann") async throws -> InMemoryWorkerTransport {
            try await network.connect(WorkerIdentifier(name: name, incarnation: 1))
        }

        var digest: Digest { weights.withUnsafeBytes { Digest(of: $0) } }
    }

    private static func next(_ peer: InMemoryWorkerTransport) async throws -> Message {
        while true {
            switch await peer.nextEvent(before: .now + .seconds(60)) {
            case .message(let message): return message
            case .connected: continue
            case let other: throw InputError("the server", "\(String(describing: other))", remedy: "")
            }
        }
    }

    private static func chunk(_ peer: InMemoryWorkerTransport) async throws -> Chunk {
        guard case .chunk(let chunk) = try await next(peer) else {
            throw InputError("the server", "sent another message than a CHUNK", remedy: "")
        }
        return chunk
    }

    private static func ask(
        _ peer: InMemoryWorkerTransport, _ file: Digest, at offset: Int = 0, receipt: UInt64? = nil
    ) async throws {
        let request = Message.getChunk(GetChunk(file: file, offset: offset, receipt: receipt))
        #expect(try await peer.send(request, within: .seconds(60)) == .sent)
    }

    /// The description with the files, which may come after one without them.
    private static func describe(_ peer: InMemoryWorkerTransport) async throws -> ModelDescription {
        #expect(try await peer.send(.getModel(GetModel()), within: .seconds(60)) == .sent)
        while true {
            if case .model(let description) = try await next(peer), description.files != nil { return description }
        }
    }

    @Test("a peer learns the model's files and the decompositions that are there, and is sent each byte of them")
    func fetch() async throws {
        let fixture = try await Fixture()
        let peer = try await fixture.connect()
        let description = try await Self.describe(peer)
        #expect(description.digest == TestTraining.model.digest && description.path == fixture.folder.path)
        let files = try #require(description.files)
        #expect(files.model.map(\.name) == ["config.json", "tokenizer.json", "model.safetensors"])
        #expect(files.model.last?.size == fixture.weights.count && files.model.last?.digest == fixture.digest)
        #expect(files.decompositions == [.init(key: Digest(of: "weight"), size: 13)])
        var (found, receipt) = (Data(), UInt64?.none)
        while found.count < fixture.weights.count {
            try await Self.ask(peer, fixture.digest, at: found.count, receipt: receipt)
            let chunk = try await Self.chunk(peer)
            #expect(chunk.offset == found.count && chunk.problem == nil)
            found += chunk.bytes
            receipt = chunk.receipt
        }
        #expect(found == fixture.weights)
        try await Self.ask(peer, Digest(of: "weight"), receipt: receipt)
        #expect(try await Self.chunk(peer).bytes == Data("decomposition".utf8))
    }

    @Test("a file that is none of the model's, or has changed, is refused, and so is an offset beyond its end")
    func refused() async throws {
        let fixture = try await Fixture(weights: 100)
        let peer = try await fixture.connect()
        _ = try await Self.describe(peer)
        try await Self.ask(peer, Digest(of: "/etc/passwd"))
        #expect(try await Self.chunk(peer).problem?.contains("is no file of the base model") == true)
        try await Self.ask(peer, fixture.digest, at: 100)
        #expect(try await Self.chunk(peer).problem?.contains("has 100 bytes, and was asked for at 100") == true)
        try fixture.folder.write("shorter", to: "model.safetensors")
        try await Self.ask(peer, fixture.digest)
        #expect(try await Self.chunk(peer).problem?.contains("has changed since the coordinator's start") == true)
    }

    @Test(
        "a peer that does not return receipts, or invents them, is sent four chunks and no more; another peer goes on")
    func receipts() async throws {
        let fixture = try await Fixture()
        let (greedy, honest) = (try await fixture.connect("greedy"), try await fixture.connect("honest"))
        _ = try await Self.describe(greedy)
        var receipts: [UInt64] = []
        for _ in 0..<4 {
            try await Self.ask(greedy, fixture.digest)
            let chunk = try await Self.chunk(greedy)
            #expect(!chunk.bytes.isEmpty)
            receipts.append(chunk.receipt)
        }
        for receipt in [nil, receipts[0] &+ 1, 0] {
            try await Self.ask(greedy, fixture.digest, receipt: receipt)
            let answer = try await Self.chunk(greedy)
            #expect(answer.bytes.isEmpty && answer.problem?.contains("4 chunks are on their way already") == true)
        }
        try await Self.ask(honest, fixture.digest)
        #expect(try await Self.chunk(honest).bytes.count == MessageLimits.chunkBytes)
        // A receipt counts once.
        try await Self.ask(greedy, fixture.digest, receipt: receipts[0])
        #expect(try await !Self.chunk(greedy).bytes.isEmpty)
        try await Self.ask(greedy, fixture.digest, receipt: receipts[0])
        #expect(try await Self.chunk(greedy).problem?.contains("on their way already") == true)
    }

    @Test("a connection is sent every file twice at most")
    func twice() async throws {
        let fixture = try await Fixture(weights: 1_000)
        let peer = try await fixture.connect()
        _ = try await Self.describe(peer)
        var (sent, receipt) = (0, UInt64?.none)
        while sent <= 10_000 {
            try await Self.ask(peer, fixture.digest, receipt: receipt)
            let chunk = try await Self.chunk(peer)
            if let problem = chunk.problem {
                #expect(problem.contains("was sent every file twice"))
                break
            }
            sent += chunk.bytes.count
            receipt = chunk.receipt
        }
        #expect((2_000...4_000).contains(sent))
    }

    @Test("peers that take chunks and vanish leave room for others")
    func vanished() async throws {
        let fixture = try await Fixture(weights: 1_000)
        // More than may be on their way to all together.
        for number in 0..<40 {
            let peer = try await fixture.connect("p\(number)")
            if number == 0 { _ = try await Self.describe(peer) }
            for _ in 0..<4 { try await Self.ask(peer, fixture.digest, at: 900) }
            for _ in 0..<4 { #expect(try await Self.chunk(peer).problem == nil) }
            await peer.close()
        }
    }

    @Test("a model whose files cannot be read is reported to the peer that asks")
    func unreadable() async throws {
        let fixture = try await Fixture(weights: 10)
        try FileManager.default.removeItem(atPath: fixture.folder.path + "/model.safetensors")
        let peer = try await fixture.connect()
        #expect(try await peer.send(.getModel(GetModel()), within: .seconds(60)) == .sent)
        guard case .model(let description) = try await Self.next(peer) else {
            Issue.record("expected MODEL")
            return
        }
        #expect(description.files == nil)
        guard case .error(let report) = try await Self.next(peer) else {
            Issue.record("expected ERROR")
            return
        }
        #expect(report.message.contains("model.safetensors: cannot open"))
    }
}
