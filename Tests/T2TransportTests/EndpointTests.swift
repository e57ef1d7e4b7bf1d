import T2Core
import T2Transport
import Testing

@Suite struct EndpointTests {
    @Test(
        "an endpoint that cannot be meant is refused with the form expected",
        arguments: [
            "", "5555", "localhost:5555", "udp://127.0.0.1:5555", "http://127.0.0.1:5555", "tcp://127.0.0.1",
            "tcp://:5555", "tcp://127.0.0.1:", "tcp://127.0.0.1:x", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:-1",
            "tcp://127.0.0.1:+5", "tcp://127.0.0.1:５５", "tcp://[::1]",
        ])
    func malformed(_ text: String) {
        let error = #expect(throws: TransportError.self) { try ZeroMQCoordinatorTransport.listen(on: [text]) }
        guard case .malformedEndpoint(text, _) = error else {
            Issue.record("'\(text)': \(error?.description ?? "no error")")
            return
        }
        #expect(error?.exitStatus == .usage)
        #expect(error?.description.contains("tcp://127.0.0.1:5555") == true)
    }

    @Test(
        "an address that others can reach is refused without keys, with the command that makes them",
        arguments: [
            "tcp://0.0.0.0:5555", "tcp://192.168.0.1:5555", "tcp://example.org:5555", "tcp://eth0:5555",
            "tcp://[::]:5555", "tcp://127.0.0.1.example.org:5555", "tcp://127.1:5555", "tcp://127.0.0.300:5555",
        ])
    func notLoopback(_ text: String) {
        #expect(throws: TransportError.noKeys(text)) {
            try ZeroMQCoordinatorTransport.listen(on: ["tcp://127.0.0.1:0", text])
        }
        #expect(throws: TransportError.noInvitation(text)) {
            try ZeroMQWorkerTransport.connect(to: text, as: .named("alpha"))
        }
        for error in [TransportError.noKeys(text), .noInvitation(text)] {
            #expect(error.description.contains("t2-coord invite NAME > NAME.invite"))
            #expect(error.exitStatus == .usage)
        }
    }

    @Test("a worker needs a port to connect to", arguments: ["tcp://127.0.0.1:0", "tcp://127.0.0.1:*"])
    func portZero(_ text: String) {
        let problem = "has the port '\(text.split(separator: ":").last!)'"
        #expect(throws: TransportError.malformedEndpoint(text, problem: problem)) {
            try ZeroMQWorkerTransport.connect(to: text, as: .named("alpha"))
        }
    }

    @Test("a port in use is refused with the remedy, and its user is not disturbed")
    func portInUse() async throws {
        let first = try ZeroMQCoordinatorTransport.listen(on: ["tcp://localhost:0"])
        #expect(throws: TransportError.addressInUse(first.endpoint)) {
            try ZeroMQCoordinatorTransport.listen(on: [first.endpoint])
        }
        let error = TransportError.addressInUse(first.endpoint)
        #expect(error.exitStatus == .unavailable)
        #expect(error.description.contains("--bind") && error.description.contains(first.endpoint))
        let worker = try ZeroMQWorkerTransport.connect(to: first.endpoint, as: .named("alpha"))
        try await worker.mustSend(.credit(Credit(count: 1)))
        #expect(try await first.nextMessage().message == .credit(Credit(count: 1)))
        await worker.close()
        await first.close()
    }

    @Test("a worker's name is printable and not long", arguments: ["", String(repeating: "x", count: 201), "\u{0}x"])
    func workerNames(_ name: String) {
        let error = #expect(throws: InputError.self) {
            try ZeroMQWorkerTransport.connect(to: "tcp://127.0.0.1:5555", as: .named(name))
        }
        #expect(error?.description.contains("has \(name.utf8.count) bytes, expected 1 to 200") == true)
        #expect(error?.exitStatus == .usage)
    }
}
