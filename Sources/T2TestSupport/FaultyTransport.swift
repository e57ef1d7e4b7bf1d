import T2Core
import T2Transport

/// A worker's transport with planned faults in both directions.
///
/// Messages are lost, duplicated and reordered; connection events are not. Only messages that follow at once overtake a held
/// message, so that it is never lost: one to the coordinator leaves at the latest when the worker next asks for an event, and
/// one to the worker arrives when there is no other event.
package actor FaultyTransport<Base: WorkerTransport>: WorkerTransport {
    private struct Held<Content> {
        let content: Content
        var behind: Int
    }

    private let base: Base
    private let plan: FaultPlan
    private var sentCount = 0
    private var receivedCount = 0
    private var heldOut: [Held<Message>] = []
    private var heldIn: [Held<WorkerEvent>] = []
    private var ready: [WorkerEvent] = []
    /// How often each fate has occurred, so that a test can show that there were faults.
    package private(set) var faults: [FaultPlan.Fate: Int] = [:]

    package init(_ base: Base, plan: FaultPlan) {
        self.base = base
        self.plan = plan
    }

    package func send(
        _ message: Message, before deadline: ContinuousClock.Instant?
    ) async throws(ProtocolError) -> SendOutcome {
        let fate = plan.fate(of: sentCount, .toCoordinator)
        sentCount += 1
        faults[fate, default: 0] += 1
        var outcome = SendOutcome.sent
        switch fate {
        case .drop: break
        case .hold(let behind):
            heldOut.append(Held(content: message, behind: behind))
            return .sent
        case .cut:
            await base.close()
            return .unreachable
        case .duplicate:
            outcome = try await base.send(message, before: deadline)
            _ = try await base.send(message, before: deadline)
        case .pass: outcome = try await base.send(message, before: deadline)
        }
        for message in Self.release(&heldOut) { _ = try await base.send(message, before: deadline) }
        return outcome
    }

    package func nextEvent(before deadline: ContinuousClock.Instant?) async -> WorkerEvent? {
        for held in heldOut.removeAndReturnAll() { _ = try? await base.send(held.content, before: deadline) }
        while true {
            if !ready.isEmpty { return ready.removeFirst() }
            guard let event = await base.nextEvent(before: heldIn.isEmpty ? deadline : Self.longAgo) else {
                if heldIn.isEmpty { return nil }
                ready += heldIn.removeAndReturnAll().map(\.content)
                continue
            }
            receive(event)
        }
    }

    package func lastHeard() async -> ContinuousClock.Instant? { await base.lastHeard() }

    package func close() async { await base.close() }

    private func receive(_ event: WorkerEvent) {
        guard case .message = event else { return ready.append(event) }
        let fate = plan.fate(of: receivedCount, .toWorker)
        receivedCount += 1
        faults[fate, default: 0] += 1
        switch fate {
        case .drop: return
        case .hold(let behind): return heldIn.append(Held(content: event, behind: behind))
        case .duplicate: ready += [event, event]
        case .pass, .cut: ready.append(event)
        }
        ready += Self.release(&heldIn)
    }

    /// A deadline in the past, with which `nextEvent` does not wait.
    private static var longAgo: ContinuousClock.Instant { .now - .seconds(1 << 30) }

    /// Counts one message that has overtaken the held ones, and returns the held ones that are due.
    private static func release<Content>(_ held: inout [Held<Content>]) -> [Content] {
        for index in held.indices { held[index].behind -= 1 }
        let due = held.filter { $0.behind <= 0 }.map(\.content)
        held.removeAll { $0.behind <= 0 }
        return due
    }
}

extension Array {
    /// Removes and returns all elements.
    fileprivate mutating func removeAndReturnAll() -> [Element] {
        defer { removeAll() }
        return self
    }
}
