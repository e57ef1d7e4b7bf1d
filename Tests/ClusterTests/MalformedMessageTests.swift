import Foundation
import T2Core
import T2TestSupport
import T2Transport
import Testing

@Suite("Malformed messages to a running t2-coord")
struct MalformedMessageTests {
    /// Messages over a sound ZeroMQ connection that are none of this protocol, and what each is told.
    static let messages: [(frames: [Data], reason: String)] = [
        (text("T2/9", "HELLO", "{}"), "expected 'T2/3' in the first frame, found 'T2/9'"),
        (text(""), "expected 'T2/3' in the first frame, found ''"),
        (text("T2/3", "EXEC", "{}"), "expected a message kind of T2/3, found 'EXEC'"),
        (text("T2/3", "CREDIT"), "CREDIT: expected 3 frames, found 2"),
        (text("T2/3", "HELLO", "\u{0}not JSON"), "HELLO: its header cannot be read"),
        (text("T2/3", "HELLO", "{}"), "HELLO: its header cannot be read: "),
        (text("T2/3", "CREDIT", #"{"count":-1}"#), "count: expected 0 to 65536, found -1"),
        (text("T2/3", "BYE", #"{"reason":"x"}"#, "more"), "BYE: expected 3 frames, found 4"),
        (text("T2/3", "RESULT", "{}") + [Data(count: 100), Data(count: 7)], "RESULT: its header cannot be read"),
        (text("T2/3", "HELLO", String(repeating: "[", count: 50_000)), "HELLO: its header cannot be read"),
        (text("T2/3", "HELLO") + [Data(count: 33 << 20)], "HELLO: bytes of the header: found 34603008"),
        (text("T2/3", "RESULT", "{}") + [Data](repeating: Data(), count: 500), "RESULT: number of frames"),
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
                #expect(answer.prefix(2) == ["T2/3", "ERROR"])
                let report = try MessageCodec().decode(answer.map { Data($0.utf8) })
                guard case .error(let error) = report else { continue }
                #expect(error.category == .malformedMessage)
                #expect(error.message.contains(reason), "expected '\(reason)' in '\(error.message)'")
            }
        }
        #expect(found == expected)
        let lines = log.filter { $0.contains("malformed message") }
        #expect(lines.count == Self.messages.count)
        for (place, line) in lines.enumerated() {
            #expect(line.contains("count=\(place + 1) peer=eve"), "\(line)")
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

    private static func text(_ frames: String...) -> [Data] { frames.map { Data($0.utf8) } }
}
