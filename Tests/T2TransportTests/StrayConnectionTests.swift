import Foundation
import T2Core
import T2Transport
import Testing

/// What else may come to an open port.
@Suite struct StrayConnectionTests {
    static let strays: [(name: String, bytes: [UInt8])] = [
        (
            "an HTTP request",
            Array("GET /metrics HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a-browser-with-a-long-name/1.0\r\n\r\n".utf8)
        ),
        ("a TLS greeting", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3] + [UInt8](repeating: 7, count: 500)),
        ("random bytes", (0..<100_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 11) }),
        ("nothing", []),
        ("half a ZeroMQ greeting", [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3]),
        (
            "a greeting of an unknown mechanism",
            [0xff] + [UInt8](repeating: 0, count: 8) + [0x7f, 3, 0] + Array("EVIL".utf8)
                + [UInt8](repeating: 0, count: 48)
        ),
        (
            "a frame that claims 2⁶³ bytes",
            [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, 5, 0, 0, 2, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
        ),
    ]

    @Test("a stray connection disturbs nobody", arguments: strays.indices)
    func stray(_ index: Int) async throws {
        let stray = Self.strays[index]
        try await ZeroMQTransportTests.withCoordinator { coordinator in
            let identifier = WorkerIdentifier.named("alpha")
            let worker = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: identifier)
            try await worker.mustSend(.credit(Credit(count: 1)))
            let expected = try await coordinator.nextMessage().peer
            let connection = try RawPeer(to: coordinator.endpoint)
            connection.send(stray.bytes)
            for number in 2..<50 {
                try await worker.mustSend(.credit(Credit(count: number)))
                let (message, peer) = try await coordinator.nextMessage(stray.name)
                #expect(message == .credit(Credit(count: number)) && peer == expected)
                #expect(try await coordinator.send(.drain(Drain(reason: "\(number)")), to: peer) == .sent)
                #expect(try await worker.nextMessage() == .drain(Drain(reason: "\(number)")))
            }
            connection.close()
            await worker.close()
        }
    }

    @Test("a connection with another protocol is reported")
    func reported() async throws {
        try await ZeroMQTransportTests.withCoordinator { coordinator in
            let connection = try RawPeer(to: coordinator.endpoint)
            connection.send(Self.strays[5].bytes)
            let reason = try await coordinator.next("a report") { event in
                if case .strayConnection(let reason) = event { reason } else { nil }
            }
            #expect(reason.contains("was started without keys"), "\(reason)")
            connection.close()
        }
    }

    @Test("a message over the limit ends that connection alone")
    func oversized() async throws {
        var small = ZeroMQTransportTests.quick()
        small.limits.messageBytes = 100_000
        try await ZeroMQTransportTests.withCoordinator(small) { coordinator in
            let good = WorkerIdentifier.named("good")
            let greedy = WorkerIdentifier.named("greedy")
            let worker = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: good)
            let sender = try ZeroMQWorkerTransport.connect(to: coordinator.endpoint, as: greedy)
            try await sender.mustSend(.credit(Credit(count: 1)))
            let peer = try await coordinator.nextMessage().peer
            try await sender.mustSend(.result(SampleMessages.result(gradientBytes: 1_000_000)))
            try await coordinator.next("the end of the connection") { $0 == .unreachable(peer) ? () : nil }
            try await worker.mustSend(.credit(Credit(count: 2)))
            try await coordinator.next("the other worker's message") { event in
                if case .message(.credit(Credit(count: 2)), _) = event { () } else { nil }
            }
            await sender.close()
            await worker.close()
        }
    }

    @Test("a malformed message is reported with its sender, who gets the reason")
    func malformed() async throws {
        try await ZeroMQTransportTests.withCoordinator { coordinator in
            // A speaker of ZeroMQ 2 needs no handshake: an identity frame "x", then one message.
            let connection = try RawPeer(to: coordinator.endpoint)
            connection.send([2, 0] + Array("x".utf8) + [6, 0] + Array("T2/99".utf8))
            let error = try await coordinator.next("a report") { event in
                if case .malformed(let error, let peer) = event, peer.description.hasSuffix("x") {
                    error
                } else {
                    nil
                }
            }
            #expect(error == .unsupportedVersion(found: "T2/99"))
            let answer = try connection.receive(until: "Run the same t2 version")
            #expect(answer.contains("T2/4") && answer.contains("malformed-message"))
            connection.close()
        }
    }
}
