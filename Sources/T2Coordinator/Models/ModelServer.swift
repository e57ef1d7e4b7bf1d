import Foundation
import Logging
import Synchronization
import T2Core
import T2Transport

/// Hands the base model's files to workers that lack them, before they join.
///
/// The dispatcher only puts requests into queues. Files are read, and messages encoded, elsewhere, a chunk at a time and worker
/// by worker in turn, so that neither a slow disk nor many workers delay leases and heartbeats.
///
/// Invariants:
/// - each GET_CHUNK is answered by one CHUNK, unless the connection ends or the peer asks faster than is answered;
/// - of the chunks that were sent, those whose receipts did not come back are `MessageLimits.chunksInFlight` at most for a
///   connection, and `chunksInFlight` for all; memory is bounded by them;
/// - a connection is sent twice the bytes of all files at most.
package final class ModelServer: Sendable {
    /// Chunks on their way to all workers: 128 MiB.
    private static let chunksInFlight = 64
    /// Requests with a long answer that one connection may make, and answers to excessive requests that may wait.
    private static let (descriptions, refusals) = (8, 64)

    private struct Peer {
        var requests: [GetChunk] = []
        var receipts: Set<UInt64> = []
        var descriptionsLeft = ModelServer.descriptions
        var sentBytes = 0
        private var hasProblem = false

        /// - Returns: whether it is the connection's first; others stay out of the log.
        mutating func noteProblem() -> Bool {
            defer { hasProblem = true }
            return !hasProblem
        }
    }

    private enum Answer {
        case description(PeerIdentity)
        case chunk(GetChunk, PeerIdentity, receipt: UInt64)
        case refusal(GetChunk, PeerIdentity, problem: String)
    }

    private struct State {
        var peers: [PeerIdentity: Peer] = [:]
        /// The peers with requests, the next one to be served first.
        var turns: [PeerIdentity] = []
        var asking: [PeerIdentity] = []
        /// The peers that are sent the description again once the files are read.
        var awaiting: Set<PeerIdentity> = []
        var refusals: [(GetChunk, PeerIdentity, problem: String)] = []
        var inFlight = 0
        var isReading = false
        /// The time from which the next chunk may be sent.
        var nextChunk = ContinuousClock.now
        /// The bytes of all files.
        var total = Int.max / 2
    }

    private let files: ModelFiles
    /// Bytes a second; nil sends as fast as the network takes them.
    private let rate: Double?
    private let logger: Logger
    private let state = Mutex(State())
    private let (wakeups, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    /// Where files are read: chunks on one, and whole files on the other, which takes long.
    private let (reading, examining) = (DispatchQueue(label: "t2-chunks"), DispatchQueue(label: "t2-model-files"))

    /// - Parameter rate: the largest number of bytes a second; nil sends as fast as the network takes them.
    package init(_ files: ModelFiles, rate: Double? = nil, logger: Logger) {
        self.files = files
        self.rate = rate
        self.logger = logger
    }

    // MARK: - Requests, which never wait

    package func describe(to peer: PeerIdentity) {
        state.withLock { state in
            guard state.peers[peer, default: Peer()].descriptionsLeft > 0 else { return }
            state.peers[peer, default: Peer()].descriptionsLeft -= 1
            state.asking.append(peer)
        }
        wake.yield()
    }

    package func take(_ request: GetChunk, from peer: PeerIdentity) {
        state.withLock { state in
            var known = state.peers[peer] ?? Peer()
            defer { state.peers[peer] = known }
            if let receipt = request.receipt, known.receipts.remove(receipt) != nil { state.inFlight -= 1 }
            func refuse(_ problem: String) {
                guard state.refusals.count < Self.refusals else { return }
                state.refusals.append((request, peer, problem))
            }
            guard known.requests.count + known.receipts.count < MessageLimits.chunksInFlight else {
                return refuse("\(MessageLimits.chunksInFlight) chunks are on their way already")
            }
            guard known.sentBytes <= 2 * state.total else {
                return refuse("this connection was sent every file twice. Check the worker's disk and start it again.")
            }
            known.requests.append(request)
            if !state.turns.contains(peer) { state.turns.append(peer) }
        }
        wake.yield()
    }

    package func forget(_ peer: PeerIdentity) {
        state.withLock { state in
            state.inFlight -= state.peers.removeValue(forKey: peer)?.receipts.count ?? 0
            state.turns.removeAll { $0 == peer }
            state.asking.removeAll { $0 == peer }
            state.awaiting.remove(peer)
        }
        wake.yield()
    }

    // MARK: - Answers

    /// Answers requests until the task is cancelled.
    package func serve(over transport: any CoordinatorTransport) async {
        for await _ in wakeups {
            while let answer = next() { await give(answer, transport) }
        }
    }

    private func next() -> Answer? {
        state.withLock { state in
            if !state.asking.isEmpty { return .description(state.asking.removeFirst()) }
            if !state.refusals.isEmpty {
                let (request, peer, problem) = state.refusals.removeFirst()
                return .refusal(request, peer, problem: problem)
            }
            guard state.inFlight < Self.chunksInFlight, .now >= state.nextChunk, let peer = state.turns.first else {
                return nil
            }
            state.turns.removeFirst()
            guard var known = state.peers[peer], !known.requests.isEmpty else { return nil }
            let request = known.requests.removeFirst()
            let receipt = UInt64.random(in: .min ... .max)
            if known.receipts.insert(receipt).inserted { state.inFlight += 1 }
            if !known.requests.isEmpty { state.turns.append(peer) }
            state.peers[peer] = known
            return .chunk(request, peer, receipt: receipt)
        }
    }

    private func give(_ answer: Answer, _ transport: any CoordinatorTransport) async {
        switch answer {
        case .description(let peer):
            let description = await on(reading) { [files] in files.description() }
            noteSizes(description.files)
            await send(.model(description), to: peer, transport)
            if description.files == nil { read(for: peer, transport) }
        case .refusal(let request, let peer, let problem):
            await send(.chunk(Chunk(file: request.file, offset: request.offset, problem: problem)), to: peer, transport)
        case .chunk(let request, let peer, let receipt):
            var chunk = await on(reading) { [files] in files.chunk(request) }
            chunk.receipt = receipt
            if let problem = chunk.problem, state.withLock({ $0.peers[peer]?.noteProblem() }) == true {
                logger.warning(
                    "a part of the model was not handed out", metadata: ["peer": "\(peer)", "problem": "\(problem)"])
            }
            let isSent = await send(.chunk(chunk), to: peer, transport)
            state.withLock { state in
                // What holds no bytes, or was not sent, takes no memory.
                if !isSent || chunk.problem != nil, state.peers[peer]?.receipts.remove(receipt) != nil {
                    state.inFlight -= 1
                }
                if isSent { state.peers[peer]?.sentBytes += chunk.bytes.count }
            }
            if let rate { hold(for: .seconds(Double(chunk.bytes.count) / rate)) }
        }
    }

    /// Sends no chunk for a time. Other answers do not wait for it.
    private func hold(for time: Duration) {
        state.withLock { $0.nextChunk = .now + time }
        Task {
            try? await Task.sleep(for: time)
            wake.yield()
        }
    }

    /// Reads the files unless that is under way, and then sends the description again to those who asked for it.
    private func read(for peer: PeerIdentity, _ transport: any CoordinatorTransport) {
        let isFirst = state.withLock { state in
            if state.peers[peer] != nil { state.awaiting.insert(peer) }
            defer { state.isReading = true }
            return !state.isReading
        }
        guard isFirst else { return }
        Task {
            let problem = await on(examining) { [files] () -> String? in
                do { try files.read() } catch { return "\(error)" }
                return nil
            }
            if let problem {
                logger.error("the model's files cannot be handed out", metadata: ["problem": "\(problem)"])
            }
            let description = files.description()
            noteSizes(description.files)
            let peers = state.withLock { state in
                state.isReading = false
                defer { state.awaiting = [] }
                return state.awaiting
            }
            let failure = problem.map { ErrorReport(category: .engine, message: $0) }
            for peer in peers { await send(failure.map { .error($0) } ?? .model(description), to: peer, transport) }
        }
    }

    private func noteSizes(_ files: ModelDescription.Files?) {
        guard let files else { return }
        let total = files.model.reduce(0) { $0 + $1.size } + files.decompositions.reduce(0) { $0 + $1.size }
        state.withLock { $0.total = total }
    }

    @discardableResult
    private func send(_ message: Message, to peer: PeerIdentity, _ transport: any CoordinatorTransport) async -> Bool {
        do {
            return try await transport.send(message, to: peer) == .sent
        } catch {
            logger.error("message cannot be sent", metadata: ["peer": "\(peer)", "problem": "\(error)"])
            return false
        }
    }

    private func on<Value: Sendable>(_ queue: DispatchQueue, _ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in queue.async { continuation.resume(returning: body()) } }
    }
}
