import Foundation

/// Messages whose senders wait for a connection or for room in the queue, first come first served.
///
/// The outbox belongs to the actor that sends, and never blocks. Its size is the number of senders that wait.
struct Outbox {
    private struct Sender {
        let ticket: UInt64
        let frames: [Data]
        let deadline: ContinuousClock.Instant?
        let continuation: CheckedContinuation<SendOutcome, Never>
    }

    private var senders: [Sender] = []
    private var nextTicket: UInt64 = 0

    var isEmpty: Bool { senders.isEmpty }

    /// The earliest deadline of a waiting sender.
    var nextDeadline: ContinuousClock.Instant? { senders.compactMap(\.deadline).min() }

    /// Identifies a wait that is about to start, so that it can be cancelled.
    mutating func ticket() -> UInt64 {
        nextTicket += 1
        return nextTicket
    }

    mutating func wait(
        _ ticket: UInt64, _ frames: [Data], until deadline: ContinuousClock.Instant?,
        _ continuation: CheckedContinuation<SendOutcome, Never>
    ) {
        senders.append(Sender(ticket: ticket, frames: frames, deadline: deadline, continuation: continuation))
    }

    /// Sends in order until `transmit` returns false.
    mutating func flush(_ transmit: ([Data]) -> Bool) {
        let count = senders.prefix { transmit($0.frames) }.count
        for sender in senders[..<count] { sender.continuation.resume(returning: .sent) }
        senders.removeFirst(count)
    }

    mutating func cancel(_ ticket: UInt64) {
        giveUp { $0.ticket == ticket }
    }

    mutating func expire(at now: ContinuousClock.Instant) {
        giveUp { sender in sender.deadline.map { $0 <= now } ?? false }
    }

    mutating func close() {
        giveUp { _ in true }
    }

    private mutating func giveUp(where isMeant: (Sender) -> Bool) {
        for sender in senders where isMeant(sender) { sender.continuation.resume(returning: .unreachable) }
        senders.removeAll(where: isMeant)
    }
}
