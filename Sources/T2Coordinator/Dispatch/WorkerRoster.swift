import T2Core
import T2Transport

/// The connections of the workers.
///
/// Invariant: a worker has at most one connection, and a connection at most one worker.
package struct WorkerRoster: Sendable {
    /// The interval at which an unknown connection is asked for HELLO again.
    private static let patience: Duration = .seconds(10)

    package private(set) var workers: [PeerIdentity: WorkerIdentifier] = [:]
    private var peers: [WorkerIdentifier: PeerIdentity] = [:]
    private var asked: [PeerIdentity: ContinuousClock.Instant] = [:]

    package init() {}

    package func peer(of worker: WorkerIdentifier) -> PeerIdentity? { peers[worker] }

    /// Binds a worker to the connection that it now speaks from; an older one of the same worker no longer counts.
    package mutating func join(_ worker: WorkerIdentifier, at peer: PeerIdentity) {
        leave(worker)
        workers[peer] = worker
        peers[worker] = peer
        asked[peer] = nil
    }

    /// - Returns: the worker's connection.
    @discardableResult
    package mutating func leave(_ worker: WorkerIdentifier) -> PeerIdentity? {
        guard let peer = peers.removeValue(forKey: worker) else { return nil }
        workers[peer] = nil
        return peer
    }

    /// The connections that were heard but belong to no worker, and are to be asked for HELLO now.
    package mutating func strangers(among heard: some Collection<PeerIdentity>, at now: ContinuousClock.Instant)
        -> [PeerIdentity]
    {
        let unknown = Set(heard).subtracting(workers.keys)
        asked = asked.filter { unknown.contains($0.key) }
        // A connection is not asked when it is first heard, because its HELLO may be in transit.
        let due = unknown.filter { peer in asked[peer].map { now - $0 >= Self.patience } ?? false }
        for peer in unknown where asked[peer] == nil || due.contains(peer) { asked[peer] = now }
        return Array(due)
    }
}
