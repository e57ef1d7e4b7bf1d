import T2Core
import T2Transport

/// A worker's transport with planned faults in both directions.
///
/// Messages are lost, duplicated and reordered; connection events are not. Only messages that follow at once overtake a held
/// message, so that it is never lost: one to the coordinator leaves when the worker next asks for an event, or 2 ms later if it
/// already waits for one, and one to the worker arrives when there is no other event.
package actor FaultyTransport<Base: WorkerTransport>: WorkerTransport {
    private let base: Base
    private let plan: FaultPlan
    private var out: FaultyDirection<Message>
    private var into: FaultyDirection<WorkerEvent>
    private var ready: [WorkerEvent] = []
    /// Whether an event is being waited for.
    private var isWaiting = false
    /// How often each fate has occurred, so that a test can show that there were faults.
    package var faults: [FaultPlan.Fate: Int] { out.faults.merging(into.faults, uniquingKeysWith: +) }

    package init(_ base: Base, plan: FaultPlan) {
        self.base = base
        self.plan = plan
        out = FaultyDirection(plan, .toCoordinator)
        into = FaultyDirection(plan, .toWorker)
    }

    package func send(
        _ message: Message, before deadline: ContinuousClock.Instant?
    ) async throws(ProtocolError) -> SendResult {
        let leaving: [Message]
        switch out.take(message) {
        case .now(let messages): leaving = messages
        case .later:
            if isWaiting {
                Task {
                    try? await Task.sleep(for: FaultPlan.longestHold)
                    await self.flush()
                }
            }
            return .sent
        case .cut:
            await base.close()
            return .unreachable
        }
        var outcome = SendResult.sent
        for message in leaving {
            let found = try await base.send(message, before: deadline)
            if found != .sent { outcome = found }
        }
        return outcome
    }

    private func flush() async {
        for message in out.release() { _ = try? await base.send(message, before: nil) }
    }

    package func nextEvent(before deadline: ContinuousClock.Instant?) async -> WorkerEvent? {
        isWaiting = true
        defer { isWaiting = false }
        await flush()
        while true {
            if !ready.isEmpty { return ready.removeFirst() }
            guard let event = await base.nextEvent(before: into.holdsSome ? FaultPlan.longAgo : deadline) else {
                guard into.holdsSome else { return nil }
                ready += into.release()
                continue
            }
            guard case .message = event else {
                ready.append(event)
                continue
            }
            if case .now(let events) = into.take(event) { ready += events }
        }
    }

    package func lastHeard() async -> ContinuousClock.Instant? { await base.lastHeard() }

    package func close() async { await base.close() }
}
