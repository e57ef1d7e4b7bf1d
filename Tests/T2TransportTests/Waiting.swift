import T2Core
import T2Transport
import Testing

/// What a test waits for, at most this long; a test that hangs fails instead.
let patience = Duration.seconds(30)

struct NothingCame: Error, CustomStringConvertible {
    let wanted: String
    var description: String { "waited \(patience) for \(wanted)" }
}

extension CoordinatorTransport {
    /// Reads events until one satisfies `select`, and drops the ones before it.
    func next<Value: Sendable>(
        _ wanted: String, _ select: @Sendable (CoordinatorEvent) -> Value?
    ) async throws -> Value {
        let deadline = ContinuousClock.now + patience
        while let event = await nextEvent(before: deadline), event != .closed {
            if let value = select(event) { return value }
        }
        throw NothingCame(wanted: wanted)
    }

    /// The next message from anybody.
    func nextMessage(_ wanted: String = "a message") async throws -> (message: Message, peer: PeerIdentity) {
        try await next(wanted) { event in
            if case .message(let message, let peer) = event { (message, peer) } else { nil }
        }
    }
}

extension WorkerTransport {
    /// Reads events until one satisfies `select`, and drops the ones before it.
    func next<Value: Sendable>(_ wanted: String, _ select: @Sendable (WorkerEvent) -> Value?) async throws -> Value {
        let deadline = ContinuousClock.now + patience
        while let event = await nextEvent(before: deadline), event != .closed {
            if let value = select(event) { return value }
        }
        throw NothingCame(wanted: wanted)
    }

    func nextMessage(_ wanted: String = "a message") async throws -> Message {
        try await next(wanted) { event in
            if case .message(let message) = event { message } else { nil }
        }
    }

    func waitFor(_ event: WorkerEvent) async throws {
        try await next("\(event)") { $0 == event ? () : nil }
    }

    func mustSend(_ message: Message) async throws {
        #expect(try await send(message, within: patience) == .sent)
    }
}

extension WorkerIdentifier {
    static func named(_ name: String, incarnation: UInt64 = 1) -> WorkerIdentifier {
        WorkerIdentifier(name: name, incarnation: incarnation)
    }

    func peer() throws -> PeerIdentity { try PeerIdentity(self) }
}
