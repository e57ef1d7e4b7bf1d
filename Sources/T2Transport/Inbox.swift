import DequeModule

/// Events that wait for a consumer, or consumers that wait for an event.
///
/// Invariant: never both at once. The inbox belongs to the actor that delivers and consumes, and never blocks.
struct Inbox<Event: Sendable> {
    private let eventLimit: Int
    private let byteLimit: Int
    private var entries: Deque<(event: Event, byteCount: Int)> = []
    private var byteCount = 0
    var consumers = WaitQueue<Void, Event?>(refusal: nil)

    init(eventLimit: Int, byteLimit: Int = .max) {
        self.eventLimit = eventLimit
        self.byteLimit = byteLimit
    }

    /// False while the consumer lags; nothing more may be delivered then. A single event may exceed the byte limit.
    var hasRoom: Bool { entries.count < eventLimit && byteCount < byteLimit }

    mutating func deliver(_ event: Event, byteCount size: Int = 0) {
        guard consumers.isEmpty else { return consumers.answer(with: event, limit: 1) { true } }
        entries.append((event, size))
        byteCount += size
    }

    mutating func take() -> Event? {
        guard let entry = entries.popFirst() else { return nil }
        byteCount -= entry.byteCount
        return entry.event
    }
}
