import T2Core
import T2Transport

/// A coordinator's transport that keeps results back until there are as many as it was asked for, and then hands them over one
/// after another. Before anything that follows them is handed over, it waits until it is opened.
actor HeldTransport<Base: CoordinatorTransport>: CoordinatorTransport {
    private let base: Base
    private let count: Int
    private var held: [CoordinatorEvent] = []
    private var released: [CoordinatorEvent] = []
    private var isOpen = false
    private var waiting: CheckedContinuation<Void, Never>?
    private var reached: CheckedContinuation<Void, Never>?
    private var isReached = false

    nonisolated var endpoint: String { base.endpoint }

    /// - Parameter count: the number of results that are handed over together.
    init(_ base: Base, results count: Int) {
        self.base = base
        self.count = count
    }

    /// Waits until the results have been handed over and something else is asked for.
    func handedOver() async {
        if !isReached { await withCheckedContinuation { reached = $0 } }
    }

    /// Lets everything pass from now on.
    func open() {
        isOpen = true
        waiting?.resume()
        waiting = nil
    }

    func nextEvent(before deadline: ContinuousClock.Instant?) async -> CoordinatorEvent? {
        if !released.isEmpty { return released.removeFirst() }
        if held.count == count, !isOpen {
            isReached = true
            reached?.resume()
            reached = nil
            await withCheckedContinuation { waiting = $0 }
        }
        while true {
            guard let event = await base.nextEvent(before: deadline) else { return nil }
            guard !isOpen, case .message(.result, _) = event else { return event }
            held.append(event)
            guard held.count == count else { continue }
            released = Array(held.dropFirst())
            return held[0]
        }
    }

    func send(_ message: Message, to peer: PeerIdentity) async throws(ProtocolError) -> SendResult {
        try await base.send(message, to: peer)
    }

    func lastHeard() async -> [PeerIdentity: ContinuousClock.Instant] { await base.lastHeard() }

    func forget(_ peer: PeerIdentity) async { await base.forget(peer) }

    func close() async { await base.close() }
}
