import T2Core
import T2Transport

/// A worker's transport with faults in both directions, by plan.
///
/// Messages are lost, doubled and overtaken; connection events are not. A held message is overtaken only by what
/// follows it at once, so that holding never becomes losing: one to the coordinator leaves at the latest when the
/// worker next asks for an event, one to the worker arrives when nothing else is there yet.
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
    /// How often each fate has struck: a test of faults shows that there were some.
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

    /// A deadline that has passed on any clock: takes what is there already.
    private static var longAgo: ContinuousClock.Instant { .now - .seconds(1 << 30) }

    /// One message has overtaken the held ones; those that are due come out.
    private static func release<Content>(_ held: inout [Held<Content>]) -> [Content] {
        for index in held.indices { held[index].behind -= 1 }
        let due = held.filter { $0.behind <= 0 }.map(\.content)
        held.removeAll { $0.behind <= 0 }
        return due
    }
}

extension Array {
    /// Takes out all elements.
    fileprivate mutating func removeAndReturnAll() -> [Element] {
        defer { removeAll() }
        return self
    }
}
