import Foundation
import T2Core
import T2Transport
import Testing

/// Connections that ask for files before they join.
@Suite struct FetchPatienceTests {
    private static let request = GetChunk(file: Digest(of: "file"), offset: 0)

    private static var options: ZeroMQOptions {
        var options = ZeroMQTransportTests.quick()
        options.patience = .seconds(1)
        return options
    }

    /// The reason for which the next connection is ended.
    private static func ending(_ coordinator: ZeroMQCoordinatorTransport) async throws -> String {
        try await coordinator.next("a report") { event in
            if case .strayConnection(let reason) = event { reason } else { nil }
        }
    }

    @Test("a connection that waits for its turn to be sent a chunk is left alone, and one that only waits is ended")
    func waiting() async throws {
        try await ZeroMQTransportTests.withCoordinator(Self.options) { coordinator in
            let fetching = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: .named("alpha"))
            try await fetching.mustSend(.getChunk(Self.request))
            let peer = try await coordinator.nextMessage().peer
            let idle = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: .named("beta"))
            try await idle.mustSend(.getModel(GetModel()))
            // The second connection is younger, and it is the one that is ended, twice.
            for _ in 0..<2 {
                #expect(try await Self.ending(coordinator).contains("did not join within"))
                try await idle.waitFor(.disconnected)
                try await idle.waitFor(.connected)
            }
            let chunk = Message.chunk(Chunk(file: Self.request.file, offset: 0, bytes: Data(count: 1 << 20)))
            #expect(try await coordinator.send(chunk, to: peer) == .sent)
            #expect(try await fetching.nextMessage() == chunk)
            await idle.close()
            await fetching.close()
        }
    }

    @Test("a connection that takes chunks and asks for no more is ended, and so is one that asks for what there is not")
    func idle() async throws {
        for bytes in [Data(count: 10), Data()] {
            try await ZeroMQTransportTests.withCoordinator(Self.options) { coordinator in
                let worker = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: .named("alpha"))
                // It asks more often than it may be sent chunks, which does not lengthen its time.
                for _ in 0..<20 { try await worker.mustSend(.getChunk(Self.request)) }
                var peer: PeerIdentity?
                for _ in 0..<20 { peer = try await coordinator.nextMessage().peer }
                for _ in 0..<MessageLimits.chunksInFlight {
                    let chunk = Chunk(file: Self.request.file, offset: 0, bytes: bytes, problem: "no such file")
                    #expect(try await coordinator.send(.chunk(chunk), to: #require(peer)) == .sent)
                }
                #expect(try await Self.ending(coordinator).contains("did not join within"))
                await worker.close()
            }
        }
    }
}
