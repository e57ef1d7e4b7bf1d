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

    var isEmpty: Bool { entries.isEmpty }

    mutating func deliver(_ event: Event, byteCount size: Int = 0) {
        guard consumers.isEmpty else { return consumers.answer(with: event, limit: 1) { true } }
        entries.append((event, size))
        byteCount += size
    }

    /// All events that wait.
    mutating func takeAll() -> [Event] {
        defer {
            entries = []
            byteCount = 0
        }
        return entries.map(\.event)
    }

    /// Ends a wait with the first event, or puts it into the queue of consumers.
    ///
    /// - Parameter last: the event after which no other comes; nil while more may come.
    mutating func take(_ wait: Wait<Event?>, last: Event? = nil) {
        if let entry = entries.popFirst() {
            byteCount -= entry.byteCount
            wait.end(with: entry.event)
        } else if let last {
            wait.end(with: last)
        } else {
            consumers.append(wait, ())
        }
    }
}
