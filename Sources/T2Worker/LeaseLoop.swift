import T2Core
import T2Transport

/// The state machine of a worker's exchange with its coordinator. It is pure: inputs and the time go in, effects come out.
///
/// Invariants:
/// - a result is kept until the coordinator has acknowledged it, and is sent again after a lost connection;
/// - the worker asks for at most `lanes` + 1 leases, one ahead, so that lanes do not wait for the network;
/// - a policy is requested once, however many leases need it;
/// - nothing of an older epoch is computed or sent;
/// - no effect follows `.end`.
package struct LeaseLoop: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package enum State: Sendable, Equatable {
        case connecting(since: Instant, reason: String)
        /// HELLO has been sent.
        case introducing(since: Instant)
        case working
        /// The worker accepts no more leases and finishes those that it holds.
        case draining(reason: String, since: Instant)
        case ended
    }

    /// The number of policies kept although no lease needs them, such as those of the last two steps or of a library's experts.
    package static let keptPolicies = 16

    let hello: Hello
    let limits: WaitLimits
    /// Whether the worker waits for the next coordinator when one releases it.
    private let stays: Bool
    package internal(set) var state: State
    var epoch: UInt64?
    var held: [UnitKey: HeldLease] = [:]
    /// The number of leases that the coordinator may still send, including those in transit.
    var outstandingCredit = 0
    /// The number of leases received since WELCOME. Each CREDIT carries it, so that leases in transit are not granted twice.
    var receivedLeases = 0
    /// In order of use, the most recently used last.
    var policies: [Blob] = []
    /// The policies requested, with the time of the request.
    var awaitedPolicies: [Digest: Instant] = [:]
    /// Failures to be sent after the next WELCOME.
    var unsentFailures: [ErrorReport]
    var nextWaitReport: Instant
    /// When the last lease ended; nil while there is one, or no coordinator.
    var idleSince: Instant?
    /// When the coordinator first refused this worker for a reason that passes; nil once it is admitted.
    var refusedSince: Instant?
    /// Whether HELLO was sent only to count leases anew; the log has no line for the answer then.
    var isRecounting = false

    /// - Parameter failures: what happened before, to be reported first.
    package init(
        hello: Hello, limits: WaitLimits = WaitLimits(), stays: Bool = false, failures: [ErrorReport] = [],
        at now: Instant
    ) {
        unsentFailures = failures
        self.hello = hello
        self.stays = stays
        self.limits = limits
        state = .connecting(since: now, reason: "no answer yet")
        nextWaitReport = now + limits.firstReport
    }

    /// Handles one input.
    package mutating func handle(_ input: WorkerInput, at now: Instant) -> [WorkerEffect] {
        if state == .ended { return [] }
        let effects = react(to: input, at: now)
        if effects.contains(where: { if case .end = $0 { true } else { false } }) {
            state = .ended
            return effects
        }
        // Results that are not acknowledged may still be on their way over a slow link; HELLO would send them again.
        let isIdle = state == .working && held.isEmpty
        idleSince = isIdle ? idleSince ?? now : nil
        return effects + askForMore() + leaveIfDone(at: now)
    }

    private mutating func react(to input: WorkerInput, at now: Instant) -> [WorkerEffect] {
        switch input {
        case .transport(let event): react(to: event, at: now)
        case .progressed(let unit, let attempt, let tokens): progress(unit, attempt: attempt, tokens: tokens, at: now)
        case .computed(let result): hold(result, at: now)
        case .failed(let failure): giveUp(failure)
        case .sendFailed: interrupt(at: now)
        case .stopRequested(let reason): stop(reason)
        case .clockTicked(let heard): watch(at: now, heard: heard)
        }
    }

    private mutating func react(to event: WorkerEvent, at now: Instant) -> [WorkerEffect] {
        switch event {
        case .connected: return introduce(at: now) + [.report(.connected)]
        case .disconnected: return disconnect(at: now)
        case .connectionFailed(let reason):
            guard case .connecting(let since, let known) = state, known != reason else { return [] }
            state = .connecting(since: since, reason: reason)
            return [.report(.connectionFailed(reason: reason))]
        case .message(let message): return receive(message, at: now)
        case .refused(let reason, let remedy): return drop() + [.end(.rejected(reason: reason, remedy: remedy))]
        case .malformed(.unsupportedVersion(let found)): return drop() + [.end(.otherVersion(found: found))]
        case .malformed(let error): return [.report(.malformed(error))]
        case .closed: return drop() + [.end(.transportClosed)]
        }
    }

    mutating func introduce(at now: Instant) -> [WorkerEffect] {
        state = .introducing(since: now)
        isRecounting = false
        outstandingCredit = 0
        var hello = hello
        hello.holding = held.values.map { $0.lease.name }.sorted { $0.unit < $1.unit }
        return [.send(.hello(hello))]
    }

    /// Lanes continue without a connection: the leases remain valid until the coordinator cancels them.
    private mutating func disconnect(at now: Instant) -> [WorkerEffect] {
        if case .draining(let reason, _) = state, !stays { return drop() + [.end(.drained(reason: reason))] }
        state = .connecting(since: now, reason: "the connection was lost")
        refusedSince = nil
        nextWaitReport = now + limits.firstReport
        outstandingCredit = 0
        return [.report(.connectionLost)]
    }

    /// Handles a lost message. Everything is sent again as after a lost connection, starting with HELLO once the wait for an
    /// answer times out, or earlier if the transport reconnects.
    private mutating func interrupt(at now: Instant) -> [WorkerEffect] {
        if state == .working { state = .introducing(since: now) }
        outstandingCredit = 0
        return []
    }

    /// Returns all leases at once, so that the coordinator can grant them to others.
    private mutating func stop(_ reason: String) -> [WorkerEffect] {
        let isConnected = if case .connecting = state { false } else { true }
        return drop() + (isConnected ? [.send(.bye(Bye(reason: reason)))] : []) + [.end(.stopped(reason: reason))]
    }

    /// - Returns: the report of a message that has no effect.
    func ignored(_ kind: Message.Kind, _ reason: String) -> [WorkerEffect] {
        [.report(.ignored(message: kind.rawValue, reason: reason))]
    }

    /// Drops every lease.
    mutating func drop() -> [WorkerEffect] {
        defer {
            held = [:]
            awaitedPolicies = [:]
            unsentFailures = []
        }
        return held.values.filter { !$0.isReported }.sorted { $0.lease.unit < $1.lease.unit }
            .map { .abandon($0.lease.unit, attempt: $0.lease.attempt) }
    }

    /// Raises the coordinator's credit to what the lanes can use.
    private mutating func askForMore() -> [WorkerEffect] {
        guard state == .working else { return [] }
        let reported = held.values.count(where: \.isReported)
        let wanted = hello.lanes + 1 - (held.count - reported)
        // Results without an acknowledgement must not pile up.
        let room = 2 * (hello.lanes + 1) - held.count
        let credit = max(0, min(wanted, room))
        guard credit > outstandingCredit else { return [] }
        outstandingCredit = credit
        return [.send(.credit(Credit(count: credit, received: receivedLeases)))]
    }

    private mutating func leaveIfDone(at now: Instant) -> [WorkerEffect] {
        guard case .draining(let reason, let since) = state else { return [] }
        let onlyReported = held.values.allSatisfy(\.isReported)
        // A coordinator that is shutting down may no longer acknowledge.
        guard held.isEmpty || (onlyReported && now - since > limits.acknowledgement) else { return [] }
        let bye = WorkerEffect.send(.bye(Bye(reason: reason)))
        guard !stays else {
            let dropped = drop()
            state = .connecting(since: now, reason: "released: \(reason)")
            nextWaitReport = now + limits.firstReport
            return dropped + [bye]
        }
        state = .ended
        return [bye, .end(.drained(reason: reason))]
    }
}
