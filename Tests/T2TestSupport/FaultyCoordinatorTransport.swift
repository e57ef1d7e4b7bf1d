import T2Core
import T2Transport

/// A coordinator's transport with planned faults in both directions, as `FaultyTransport` is a worker's. The messages of each
/// worker have fates of their own, which follow from the plan and the worker's name.
package actor FaultyCoordinatorTransport<Base: CoordinatorTransport>: CoordinatorTransport {
    package nonisolated let endpoint: String
    private let base: Base
    private let plan: FaultPlan
    private var out: [PeerIdentity: FaultyDirection<Message>] = [:]
    private var into: [PeerIdentity: FaultyDirection<CoordinatorEvent>] = [:]
    private var ready: [CoordinatorEvent] = []
    private var receivedCount = 0
    /// Whether an event is being waited for.
    private var isWaiting = false
    /// How often each fate has occurred.
    package var faults: [FaultPlan.Fate: Int] {
        (out.values.map(\.faults) + into.values.map(\.faults)).reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
    }

    package init(_ base: Base, plan: FaultPlan) {
        self.base = base
        self.plan = plan
        endpoint = base.endpoint
    }

    package func send(_ message: Message, to peer: PeerIdentity) async throws(ProtocolError) -> SendResult {
        guard case .now(let leaving) = out[peer, default: direction(peer, .toWorker)].take(message) else {
            if isWaiting {
                Task {
                    try? await Task.sleep(for: FaultPlan.longestHold)
                    await self.flush()
                }
            }
            return .sent
        }
        var outcome = SendResult.sent
        for message in leaving {
            let found = try await base.send(message, to: peer)
            if found != .sent { outcome = found }
        }
        return outcome
    }

    private func flush() async {
        for peer in out.keys {
            for message in out[peer]?.release() ?? [] { _ = try? await base.send(message, to: peer) }
        }
    }

    package func nextEvent(before deadline: ContinuousClock.Instant?) async -> CoordinatorEvent? {
        isWaiting = true
        defer { isWaiting = false }
        await flush()
        while true {
            if !ready.isEmpty { return ready.removeFirst() }
            let holdsSome = into.values.contains { $0.holdsSome }
            guard let event = await base.nextEvent(before: holdsSome ? FaultPlan.longAgo : deadline) else {
                guard holdsSome else { return nil }
                for peer in into.keys { ready += into[peer]?.release() ?? [] }
                continue
            }
            guard case .message(_, let peer) = event else {
                ready.append(event)
                continue
            }
            receivedCount += 1
            if let cutAt = plan.cutAt, receivedCount > cutAt {
                await base.close()
                return .closed
            }
            if case .now(let events) = into[peer, default: direction(peer, .toCoordinator)].take(event) {
                ready += events
            }
        }
    }

    package func lastHeard() async -> [PeerIdentity: ContinuousClock.Instant] { await base.lastHeard() }

    package func forget(_ peer: PeerIdentity) async { await base.forget(peer) }

    package func close() async { await base.close() }

    private func direction<Content>(
        _ peer: PeerIdentity, _ direction: FaultPlan.Direction
    ) -> FaultyDirection<Content> {
        FaultyDirection(plan.own(of: peer.bytes), direction)
    }
}
