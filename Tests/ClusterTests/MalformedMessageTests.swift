import Foundation
import T2Core
import T2TestSupport
import T2Transport
import Testing

@Suite("Malformed messages to a running t2-coord")
struct MalformedMessageTests {
    /// Messages over a sound ZeroMQ connection that are none of this protocol, and what each is told.
    static let messages: [(frames: [Data], reason: String)] = [
        (raw("T2/9", "HELLO", "{}"), "expected a message of 'T2/4', found 'T2/9'"),
        (raw(""), "expected a message of 'T2/4', found ''"),
        (raw("T2/4", "HELLO", "{}"), "expected 1 frame, found more"),
        (text("HELLO", String(repeating: "[", count: 513)), "nested more than 32 deep"),
        (text("EXEC", "{}"), "expected a message kind of T2/4, found 'EXEC'"),
        (text("CREDIT"), "CREDIT: expected 2 parts, found 1"),
        (text("HELLO", "\u{0}not JSON"), "HELLO: its header cannot be read"),
        (text("HELLO", "{}"), "HELLO: its header cannot be read: "),
        (text("CREDIT", #"{"count":-1}"#), "count: expected 0 to 65536, found -1"),
        (text("BYE", #"{"reason":"x"}"#, "more"), "BYE: expected 2 parts, found 3"),
        (text("RESULT", "{}", "100", "7"), "RESULT: its header cannot be read"),
        (text("HELLO", String(repeating: "[", count: 50_000)), "HELLO: its header cannot be read"),
        ([Data(count: 100_000)], "bytes of a message before WELCOME: found 100000, the limit is 65536"),
    ]

    @Test("are answered, logged and counted, and the run goes on to the same bytes")
    func malformed() async throws {
        let model = try TinyModel()
        defer { model.remove() }
        let undisturbed = try Cluster()
        let (expected, _) = try await run(undisturbed, model) { _ in }
        let cluster = try Cluster()
        let (found, log) = try await run(cluster, model) { endpoint in
            let dealer = try Dealer(to: endpoint, as: "eve")
            for (frames, reason) in Self.messages {
                try dealer.send(frames)
                let answer = try dealer.receive()
                let report = try MessageCodec().decode(answer)
                guard case .error(let error) = report else { continue }
                #expect(error.category == .malformedMessage)
                #expect(error.message.contains(reason), "expected '\(reason)' in '\(error.message)'")
            }
        }
        #expect(found == expected)
        let lines = log.filter { $0.contains("malformed message") }
        // The rest of a peer's are only counted.
        #expect(Self.messages.count > 10 && lines.count == 10)
        for (place, line) in lines.enumerated() {
            #expect(line.contains("count=\(place + 1) peer=127.0.0.1 eve"), "\(line)")
            #expect(line.contains(Self.messages[place].reason), "\(line)")
        }
    }

    /// The expert's digest, and what the coordinator printed.
    private func run(
        _ cluster: Cluster, _ model: TinyModel, disturb: (String) throws -> Void
    ) async throws -> (Digest, [String]) {
        let coordinator = try cluster.coordinator(model)
        let endpoint = try await cluster.endpoint(coordinator)
        // The run is open and waits: it cannot be over before the last message has come.
        try disturb(endpoint)
        let worker = try cluster.worker(endpoint, model: model.path, name: "ann")
        #expect(await coordinator.status() == 0, "\(coordinator.text)\n\(worker.text)")
        #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
        return (try cluster.digest("expert-last.safetensors"), coordinator.lines)
    }

    private static func raw(_ frames: String...) -> [Data] { frames.map { Data($0.utf8) } }

    private static func text(_ parts: String...) -> [Data] { [MessageCodec.frame(of: parts.map { Data($0.utf8) })] }
}
