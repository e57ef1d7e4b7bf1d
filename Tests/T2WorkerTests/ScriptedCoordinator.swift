import T2Core
import T2Transport
import Testing

/// A coordinator whose lines are spoken by a test.
struct ScriptedCoordinator {
    struct Silence: Error, CustomStringConvertible {
        let description: String
    }

    let transport: InMemoryCoordinatorTransport
    let worker: WorkerIdentifier

    /// The worker's next message of this kind; PROGRESS and CREDIT that were not asked for are passed over.
    func hear(_ kind: Message.Kind) async throws -> Message {
        while true {
            switch await transport.nextEvent(before: .now + .seconds(60)) {
            case .message(let message, _) where message.kind == kind: return message
            case .message(let message, _) where message.kind == .progress || message.kind == .credit: continue
            case .unreachable: continue
            case let other: throw Silence(description: "expected \(kind.rawValue), found \(String(describing: other))")
            }
        }
    }

    func say(_ message: Message) async throws {
        #expect(try await transport.send(message, to: PeerIdentity(worker)) == .sent)
    }

    /// HELLO, WELCOME.
    func welcome(epoch: UInt64 = 7) async throws {
        _ = try await hear(.hello)
        try await say(.welcome(Welcome(epoch: epoch, runs: ["r"])))
    }

    /// GET_BLOB of this policy, BLOB.
    func give(_ policy: Policy) async throws {
        _ = try await hear(.getBlob)
        try await say(.blob(Blob(digest: policy.digest, policy: policy)))
    }

    func result() async throws -> UnitResult {
        guard case .result(let result) = try await hear(.result) else { throw Silence(description: "no result") }
        return result
    }

    func failure() async throws -> ErrorReport {
        guard case .error(let report) = try await hear(.error) else { throw Silence(description: "no error") }
        return report
    }

    func acknowledge(_ result: UnitResult) async throws {
        try await say(.acknowledgement(Acknowledgement(unit: result.unit, attempt: result.attempt, verdict: .accepted)))
    }

    /// DRAIN, BYE.
    func drain() async throws {
        try await say(.drain(Drain(reason: "done")))
        _ = try await hear(.bye)
    }
}
