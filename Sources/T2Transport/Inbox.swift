/// Events that wait for a consumer, or consumers that wait for an event.
///
/// Invariant: never both at once. The inbox belongs to the actor that delivers and consumes, and never blocks.
struct Inbox<Event: Sendable> {
    private struct Consumer {
        let ticket: UInt64
        let deadline: ContinuousClock.Instant?
        let continuation: CheckedContinuation<Event?, Never>
    }

    private struct Entry {
        let event: Event
        let byteCount: Int
    }

    private let eventLimit: Int
    private let byteLimit: Int
    private var entries: [Entry] = []
    /// Entries before this index are taken; they are removed once they are half of all, so taking costs O(1) amortised.
    private var head = 0
    private var byteCount = 0
    private var consumers: [Consumer] = []
    private var nextTicket: UInt64 = 0

    init(eventLimit: Int, byteLimit: Int) {
        self.eventLimit = eventLimit
        self.byteLimit = byteLimit
    }

    /// False while the consumer lags; nothing more may be delivered then. A single event may exceed the byte limit.
    var hasRoom: Bool { entries.count - head < eventLimit && byteCount < byteLimit }

    /// The earliest deadline of a waiting consumer.
    var nextDeadline: ContinuousClock.Instant? { consumers.compactMap(\.deadline).min() }

    mutating func deliver(_ event: Event, byteCount size: Int = 0) {
        guard consumers.isEmpty else { return consumers.removeFirst().continuation.resume(returning: event) }
        entries.append(Entry(event: event, byteCount: size))
        byteCount += size
    }

    mutating func take() -> Event? {
        guard head < entries.count else { return nil }
        let entry = entries[head]
        head += 1
        byteCount -= entry.byteCount
        if head * 2 >= entries.count {
            entries.removeFirst(head)
            head = 0
        }
        return entry.event
    }

    /// Identifies a wait that is about to start, so that it can be cancelled.
    mutating func ticket() -> UInt64 {
        nextTicket += 1
        return nextTicket
    }

    mutating func wait(
        _ ticket: UInt64, until deadline: ContinuousClock.Instant?, _ continuation: CheckedContinuation<Event?, Never>
    ) {
        consumers.append(Consumer(ticket: ticket, deadline: deadline, continuation: continuation))
    }

    mutating func cancel(_ ticket: UInt64) {
        finish(with: nil) { $0.ticket == ticket }
    }

    mutating func expire(at now: ContinuousClock.Instant) {
        finish(with: nil) { consumer in consumer.deadline.map { $0 <= now } ?? false }
    }

    /// Ends every wait with the last event.
    mutating func close(with last: Event) {
        finish(with: last) { _ in true }
    }

    private mutating func finish(with event: Event?, where isMeant: (Consumer) -> Bool) {
        for consumer in consumers where isMeant(consumer) { consumer.continuation.resume(returning: event) }
        consumers.removeAll(where: isMeant)
    }
}
