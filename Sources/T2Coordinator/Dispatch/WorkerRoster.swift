import T2Core
import T2Transport

/// Which connection belongs to which worker.
///
/// Invariant: a worker has one connection and a connection one worker.
package struct WorkerRoster: Sendable {
    /// A connection that does not introduce itself is asked to again after this long.
    private static let patience: Duration = .seconds(10)

    package private(set) var workers: [PeerIdentity: WorkerIdentifier] = [:]
    private var peers: [WorkerIdentifier: PeerIdentity] = [:]
    private var asked: [PeerIdentity: ContinuousClock.Instant] = [:]

    package init() {}

    package func peer(of worker: WorkerIdentifier) -> PeerIdentity? { peers[worker] }

    package mutating func join(_ worker: WorkerIdentifier, at peer: PeerIdentity) {
        workers[peer] = worker
        peers[worker] = peer
        asked[peer] = nil
    }

    /// - Returns: the connection it had.
    @discardableResult
    package mutating func leave(_ worker: WorkerIdentifier) -> PeerIdentity? {
        guard let peer = peers.removeValue(forKey: worker) else { return nil }
        workers[peer] = nil
        return peer
    }

    /// The connections heard that have not said who they are, or were given up, and are to be asked for a HELLO now.
    package mutating func strangers(among heard: some Collection<PeerIdentity>, at now: ContinuousClock.Instant)
        -> [PeerIdentity]
    {
        let unknown = Set(heard).subtracting(workers.keys)
        asked = asked.filter { unknown.contains($0.key) }
        // The first sight only starts the wait: a HELLO may be on its way.
        let due = unknown.filter { peer in asked[peer].map { now - $0 >= Self.patience } ?? false }
        for peer in unknown where asked[peer] == nil || due.contains(peer) { asked[peer] = now }
        return Array(due)
    }
}
