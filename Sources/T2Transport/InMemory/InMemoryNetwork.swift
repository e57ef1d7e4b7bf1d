import Foundation
import T2Core

/// Connects a coordinator and its workers in one process, without sockets. Every message passes through the codec.
///
/// Heartbeats are perfect: a peer counts as heard now unless its link is frozen or cut. The clock is the system's or, with
/// `startingAt`, one that moves only by `advance`.
///
/// Invariant: at most one coordinator is open, the one that the last call of `listen` returned.
package actor InMemoryNetwork {
    private struct Link {
        var inbox: Inbox<WorkerEvent>
        var outbox = Outbox(refusal: .unreachable)
        var isCut = false
        /// Set while the link loses messages without notice to either side.
        var frozenSince: ContinuousClock.Instant?
        /// Whether the coordinator has received a message from it.
        var isKnown = false
    }

    private let codec = MessageCodec()
    private let queueLength: Int
    private var manualTime: ContinuousClock.Instant?
    private var links: [PeerIdentity: Link] = [:]
    /// Links in order of joining; the order of a dictionary would differ from run to run.
    private var order: [PeerIdentity] = []
    private var inbox: Inbox<CoordinatorEvent>
    /// The number of coordinators so far; the current one is open if `isListening`.
    private var generation = 0
    private var isListening = false

    package init(startingAt time: ContinuousClock.Instant? = nil, queueLength: Int = 64) {
        manualTime = time
        self.queueLength = queueLength
        inbox = Inbox(eventLimit: queueLength)
    }

    package var now: ContinuousClock.Instant { manualTime ?? .now }

    /// Moves the manual clock and ends the waits whose deadlines have passed.
    package func advance(by duration: Duration) {
        manualTime = now + duration
        expire(at: now)
    }

    private func expire(at time: ContinuousClock.Instant) {
        inbox.consumers.expire(at: time)
        for peer in order {
            links[peer]?.inbox.consumers.expire(at: time)
            links[peer]?.outbox.expire(at: time)
        }
    }

    /// Opens the coordinator's end, after closing the previous one as a restart would.
    package func listen() -> InMemoryCoordinatorTransport {
        closeCoordinator(generation)
        generation += 1
        isListening = true
        inbox = Inbox(eventLimit: queueLength)
        for peer in order where links[peer]?.isCut == false { links[peer]?.inbox.deliver(.connected) }
        for peer in order { flush(peer) }
        return InMemoryCoordinatorTransport(network: self, generation: generation)
    }

    /// Opens a worker's end; a second call with the same name and incarnation takes over the link.
    package func connect(_ worker: WorkerIdentifier) throws(InputError) -> InMemoryWorkerTransport {
        let peer = try PeerIdentity(worker)
        closeWorker(peer)
        links[peer] = Link(inbox: Inbox(eventLimit: queueLength))
        order.append(peer)
        if isListening { links[peer]?.inbox.deliver(.connected) }
        return InMemoryWorkerTransport(network: self, peer: peer)
    }

    /// Breaks a worker's connection, which both sides notice.
    package func cut(_ worker: WorkerIdentifier) throws(InputError) {
        let peer = try PeerIdentity(worker)
        guard links[peer]?.isCut == false else { return }
        links[peer]?.isCut = true
        links[peer]?.inbox.deliver(.disconnected)
        lose(peer)
    }

    /// Loses all messages to and from a worker, without notice to either side.
    package func freeze(_ worker: WorkerIdentifier) throws(InputError) {
        let peer = try PeerIdentity(worker)
        if links[peer]?.frozenSince == nil { links[peer]?.frozenSince = now }
    }

    /// Ends a cut or a freeze.
    package func restore(_ worker: WorkerIdentifier) throws(InputError) {
        let peer = try PeerIdentity(worker)
        guard let link = links[peer] else { return }
        links[peer]?.frozenSince = nil
        links[peer]?.isCut = false
        if link.isCut && isListening { links[peer]?.inbox.deliver(.connected) }
        flush(peer)
    }

    /// Whether a message from this worker waits for its connection.
    package func isAwaited(by worker: WorkerIdentifier) throws(InputError) -> Bool {
        try links[PeerIdentity(worker)]?.outbox.isEmpty == false
    }
}

// MARK: - The coordinator's end

extension InMemoryNetwork {
    func send(_ message: Message, to peer: PeerIdentity, _ generation: Int) throws(ProtocolError) -> SendResult {
        let received = try codec.decode(codec.encode(message))
        guard generation == self.generation, isListening, let link = links[peer], !link.isCut else {
            return .unreachable
        }
        if link.frozenSince != nil { return .sent }
        guard link.inbox.hasRoom else { return .congested }
        links[peer]?.inbox.deliver(.message(received))
        return .sent
    }

    func send(_ messages: [OutgoingMessage], _ generation: Int) -> [Result<SendResult, ProtocolError>] {
        messages.map { outgoing in
            Result { () throws(ProtocolError) in try send(outgoing.message, to: outgoing.peer, generation) }
        }
    }

    func nextCoordinatorEvent(before deadline: ContinuousClock.Instant?, _ generation: Int) async -> CoordinatorEvent? {
        let timer = inbox.isEmpty ? timer(deadline) : nil
        defer { timer?.cancel() }
        let ticket = WaitTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation {
                let wait = Wait(ticket, until: deadline, $0)
                guard generation == self.generation else { return wait.end(with: .closed) }
                inbox.take(wait, last: isListening ? nil : .closed)
                for peer in order { flush(peer) }
                if let deadline, deadline <= now { expire(at: now) }
            }
        } onCancel: {
            Task { await self.cancelReceive(ticket) }
        }
    }

    private func cancelReceive(_ ticket: WaitTicket) { inbox.consumers.cancel(ticket) }

    func heardByCoordinator(_ generation: Int) -> [PeerIdentity: ContinuousClock.Instant] {
        guard generation == self.generation, isListening else { return [:] }
        return links.filter(\.value.isKnown).mapValues { $0.frozenSince ?? now }
    }

    func forget(_ peer: PeerIdentity, _ generation: Int) {
        if generation == self.generation { links[peer]?.isKnown = false }
    }

    func closeCoordinator(_ generation: Int) {
        guard generation == self.generation, isListening else { return }
        isListening = false
        inbox.consumers.close(with: .closed)
        for peer in order where links[peer]?.isCut == false {
            links[peer]?.isKnown = false
            links[peer]?.inbox.deliver(.disconnected)
        }
    }
}

// MARK: - A worker's end

extension InMemoryNetwork {
    func send(
        _ message: Message, from peer: PeerIdentity, before deadline: ContinuousClock.Instant?
    ) async throws(ProtocolError) -> SendResult {
        let frame = try codec.encode(message)
        let timer = timer(deadline)
        defer { timer?.cancel() }
        let ticket = WaitTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation {
                let wait = Wait(ticket, until: deadline, $0)
                guard let link = links[peer] else { return wait.end(with: .unreachable) }
                if link.outbox.isEmpty, transmit(frame, from: peer) { return wait.end(with: .sent) }
                links[peer]?.outbox.append(wait, frame)
                if let deadline, deadline <= now { expire(at: now) }
            }
        } onCancel: {
            Task { await self.cancelSend(ticket, peer) }
        }
    }

    func nextWorkerEvent(before deadline: ContinuousClock.Instant?, _ peer: PeerIdentity) async -> WorkerEvent? {
        let timer = links[peer]?.inbox.isEmpty == false ? nil : timer(deadline)
        defer { timer?.cancel() }
        let ticket = WaitTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation {
                let wait = Wait(ticket, until: deadline, $0)
                guard links[peer] != nil else { return wait.end(with: .closed) }
                links[peer]?.inbox.take(wait)
                if let deadline, deadline <= now { expire(at: now) }
            }
        } onCancel: {
            Task { await self.cancelReceive(ticket, peer) }
        }
    }

    private func cancelSend(_ ticket: WaitTicket, _ peer: PeerIdentity) { links[peer]?.outbox.cancel(ticket) }

    private func cancelReceive(_ ticket: WaitTicket, _ peer: PeerIdentity) {
        links[peer]?.inbox.consumers.cancel(ticket)
    }

    func heardByWorker(_ peer: PeerIdentity) -> ContinuousClock.Instant? {
        guard let link = links[peer], isListening, !link.isCut else { return nil }
        return link.frozenSince ?? now
    }

    func closeWorker(_ peer: PeerIdentity) {
        lose(peer)
        guard var link = links.removeValue(forKey: peer) else { return }
        order.removeAll { $0 == peer }
        link.inbox.consumers.close(with: .closed)
        link.outbox.close(with: .unreachable)
    }

    private func transmit(_ frame: Data, from peer: PeerIdentity) -> Bool {
        guard let link = links[peer], isListening, !link.isCut else { return false }
        if link.frozenSince != nil { return true }
        guard inbox.hasRoom else { return false }
        do throws(ProtocolError) {
            let message = try codec.decode(frame)
            links[peer]?.isKnown = true
            inbox.deliver(.message(message, from: peer))
        } catch {
            inbox.deliver(.malformed(error, from: peer))
        }
        return true
    }

    private func flush(_ peer: PeerIdentity) {
        guard var outbox = links[peer]?.outbox, !outbox.isEmpty else { return }
        outbox.answer(with: .sent) { transmit($0, from: peer) }
        links[peer]?.outbox = outbox
    }

    private func lose(_ peer: PeerIdentity) {
        guard links[peer]?.isKnown == true else { return }
        links[peer]?.isKnown = false
        if isListening { inbox.deliver(.unreachable(peer)) }
    }

    /// Ends a wait at its deadline if the clock is the system's.
    private func timer(_ deadline: ContinuousClock.Instant?) -> Task<Void, Never>? {
        guard let deadline, manualTime == nil else { return nil }
        return Task {
            guard (try? await Task.sleep(until: deadline, clock: .continuous)) != nil else { return }
            expire(at: deadline)
        }
    }
}
