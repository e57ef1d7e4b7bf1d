import T2Core

/// The coordinator's end of an `InMemoryNetwork`.
package struct InMemoryCoordinatorTransport: CoordinatorTransport {
    package let endpoint = "in-memory"
    let network: InMemoryNetwork
    let generation: Int

    package func send(_ message: Message, to peer: PeerIdentity) async throws(ProtocolError) -> SendResult {
        try await network.send(message, to: peer, generation)
    }

    package func send(_ messages: [OutgoingMessage]) async -> [Result<SendResult, ProtocolError>] {
        await network.send(messages, generation)
    }

    package func nextEvent(before deadline: ContinuousClock.Instant?) async -> CoordinatorEvent? {
        await network.nextCoordinatorEvent(before: deadline, generation)
    }

    package func lastHeard() async -> [PeerIdentity: ContinuousClock.Instant] {
        await network.heardByCoordinator(generation)
    }

    package func forget(_ peer: PeerIdentity) async { await network.forget(peer, generation) }

    package func close() async { await network.closeCoordinator(generation) }
}

/// A worker's end of an `InMemoryNetwork`.
package struct InMemoryWorkerTransport: WorkerTransport {
    let network: InMemoryNetwork
    let peer: PeerIdentity

    package func send(
        _ message: Message, before deadline: ContinuousClock.Instant?
    ) async throws(ProtocolError) -> SendResult {
        try await network.send(message, from: peer, before: deadline)
    }

    package func nextEvent(before deadline: ContinuousClock.Instant?) async -> WorkerEvent? {
        await network.nextWorkerEvent(before: deadline, peer)
    }

    package func lastHeard() async -> ContinuousClock.Instant? { await network.heardByWorker(peer) }

    package func close() async { await network.closeWorker(peer) }
}

extension PeerIdentity {
    /// The identity of a worker's connection in memory: its name and incarnation.
    ///
    /// - Throws: `InputError` if the name is not valid.
    package init(_ worker: WorkerIdentifier) throws(InputError) {
        try worker.requireValidName()
        self.init(bytes: Array("\(worker.name)#\(String(worker.incarnation, radix: 16))".utf8))
    }
}
