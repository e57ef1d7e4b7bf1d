import T2Core
import T2Transport

/// A worker's exchange with a coordinator before HELLO, over one connection.
package final class CoordinatorSession {
    /// The connection was lost, or does not take messages any more. Another session goes on where this one stopped.
    package struct Lost: Error {}

    /// Chunks that are asked for at a time.
    private static let window = MessageLimits.chunksInFlight
    private static let sendLimit: Duration = .seconds(5)

    private let transport: any WorkerTransport
    private let log: WorkerLog
    private let limits: WaitLimits
    private let deadline: ContinuousClock.Instant?
    private var isConnected = false
    private var failure: String?
    private var receipts: [UInt64] = []

    /// - Parameters:
    ///   - transport: is open, and is closed by the caller.
    ///   - deadline: the time until which the coordinator is waited for; nil waits as long as it takes.
    package init(
        _ transport: any WorkerTransport, log: WorkerLog, limits: WaitLimits = WaitLimits(),
        deadline: ContinuousClock.Instant? = nil
    ) {
        self.deadline = deadline
        self.transport = transport
        self.log = log
        self.limits = limits
    }

    /// What the coordinator says about its model.
    ///
    /// - Parameter withFiles: whether to wait until it has read the files.
    /// - Throws: `Lost`; `InputError` if the coordinator refuses; `ProtocolError` for a message that breaks the rules.
    package func describe(withFiles: Bool) async throws -> ModelDescription {
        while !isConnected { try await handleEvent(waitingFor: "a connection to the coordinator") }
        try await send(.getModel(GetModel()))
        while true {
            let message = try await next(waitingFor: "the coordinator's description of its base model")
            guard case .model(let description) = message else { continue }
            if !withFiles || description.files != nil { return description }
        }
    }

    /// Fetches the rest of a file.
    ///
    /// - Parameters:
    ///   - digest: the digest of a model's file, or the key of a decomposition.
    ///   - start: the number of bytes that are here already.
    ///   - take: receives the bytes in order.
    /// - Throws: as `describe`, `InputError` if the file cannot be had, or what `take` throws.
    package func fetch(
        _ digest: Digest, from start: Int, size: Int, take: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        var (asked, received) = (start, start)
        while received < size {
            while asked < size, asked - received < Self.window * MessageLimits.chunkBytes {
                try await send(.getChunk(GetChunk(file: digest, offset: asked, receipt: receipts.popLast())))
                asked += min(MessageLimits.chunkBytes, size - asked)
            }
            let message = try await next(waitingFor: "a part of the base model")
            guard case .chunk(let chunk) = message else { continue }
            if let problem = chunk.problem {
                throw InputError(
                    "the coordinator", "cannot hand out a part of its base model: \(problem)",
                    remedy: "Remove the cause there, or give the worker a copy with --model.", exitStatus: .unavailable)
            }
            let expected = min(MessageLimits.chunkBytes, size - received)
            guard chunk.file == digest, chunk.offset == received, chunk.bytes.count == expected else {
                throw InputError(
                    "the coordinator",
                    "sent \(chunk.bytes.count) bytes of file \(chunk.file.short) at \(chunk.offset), expected \(expected) of "
                        + "\(digest.short) at \(received)",
                    remedy: "Run the same version of t2 on both sides.", exitStatus: .protocolViolation)
            }
            receipts.append(chunk.receipt)
            try chunk.bytes.withUnsafeBytes(take)
            received += expected
        }
    }

    private func send(_ message: Message) async throws {
        guard try await transport.send(message, within: Self.sendLimit) == .sent else { throw Lost() }
    }

    private func next(waitingFor what: String) async throws -> Message {
        while true {
            if let message = try await handleEvent(waitingFor: what) { return message }
        }
    }

    /// Handles the next event.
    ///
    /// - Returns: nil unless it is a message.
    @discardableResult
    private func handleEvent(waitingFor what: String) async throws -> Message? {
        var pause = limits.firstReport
        let since = ContinuousClock.now
        while true {
            switch await transport.nextEvent(before: min(.now + pause, deadline ?? .now + pause)) {
            case nil:
                try Task.checkCancellation()
                if let deadline, .now >= deadline {
                    throw InputError(
                        "the coordinator", "no answer within \((.now - since).text), waiting for \(what)",
                        remedy: "Check that t2-coord runs and is not stopped, and try again.", exitStatus: .unavailable)
                }
                log.write(.waiting(for: what, .now - since))
                pause = min(pause * 2, limits.longestReport)
            case .connected:
                isConnected = true
                log.write(.connected)
                return nil
            case .disconnected:
                log.write(.connectionLost)
                throw Lost()
            case .connectionFailed(let reason):
                if reason != failure { log.write(.connectionFailed(reason: reason)) }
                failure = reason
            // It asks for a HELLO, which comes once the model is here.
            case .message(.error(let report)) where report.category == .unknownWorker: continue
            case .message(.error(let report)):
                throw InputError(
                    "the coordinator", "cannot hand out its base model: \(report.message)",
                    remedy: "Remove the cause there, or give the worker a copy with --model.", exitStatus: .unavailable)
            case .message(let message): return message
            case .refused(let reason, let remedy):
                throw WorkerEnding.rejected(reason: reason, remedy: remedy).error
            case .malformed(.unsupportedVersion(let found)): throw WorkerEnding.otherVersion(found: found).error
            case .malformed(let error): throw error
            case .closed: throw WorkerEnding.transportClosed.error
            }
        }
    }
}
