import Foundation

/// A call of an actor's method that is suspended until it is answered, its deadline passes, or its task is cancelled.
///
/// What decides whether to wait is looked at where the wait begins, inside `withCheckedContinuation`: other calls of
/// the actor may run before that. Each actor writes its waits out: in a generic method of `Actor`, they ran beside the
/// calls of an actor that has an executor of its own (Swift 6.3, release).
struct Wait<Answer: Sendable> {
    let ticket: WaitTicket
    let deadline: ContinuousClock.Instant?
    let continuation: CheckedContinuation<Answer, Never>

    init(
        _ ticket: WaitTicket, until deadline: ContinuousClock.Instant?,
        _ continuation: CheckedContinuation<Answer, Never>
    ) {
        self.ticket = ticket
        self.deadline = deadline
        self.continuation = continuation
    }

    func end(with answer: Answer) { continuation.resume(returning: answer) }
}

/// The identity of a wait, by which it can be cancelled.
final class WaitTicket: Sendable {}

/// Requests whose callers wait, first come first served. The queue belongs to an actor and never blocks.
struct WaitQueue<Request: Sendable, Answer: Sendable> {
    private var entries: [(wait: Wait<Answer>, request: Request)] = []
    /// The answer to a caller whose deadline passes or whose task is cancelled.
    private let refusal: Answer

    init(refusal: Answer) { self.refusal = refusal }

    var isEmpty: Bool { entries.isEmpty }

    /// The earliest deadline of a wait.
    var nextDeadline: ContinuousClock.Instant? { entries.compactMap(\.wait.deadline).min() }

    /// Puts a wait into the queue, unless its task is cancelled.
    mutating func append(_ wait: Wait<Answer>, _ request: Request) {
        guard !Task.isCancelled else { return wait.end(with: refusal) }
        entries.append((wait, request))
    }

    /// Answers the first `limit` requests in order, until one is not `done`.
    mutating func answer(with answer: Answer, limit: Int = .max, _ done: (Request) -> Bool) {
        let count = entries.prefix(limit).prefix { done($0.request) }.count
        for entry in entries[..<count] { entry.wait.end(with: answer) }
        entries.removeFirst(count)
    }

    mutating func cancel(_ ticket: WaitTicket) { end(with: refusal) { $0.ticket === ticket } }

    mutating func expire(at now: ContinuousClock.Instant) {
        end(with: refusal) { wait in wait.deadline.map { $0 <= now } ?? false }
    }

    mutating func close(with last: Answer) { end(with: last) { _ in true } }

    private mutating func end(with answer: Answer, where isMeant: (Wait<Answer>) -> Bool) {
        for entry in entries where isMeant(entry.wait) { entry.wait.end(with: answer) }
        entries.removeAll { isMeant($0.wait) }
    }
}

/// Messages whose senders wait for a connection or for room in the queue.
typealias Outbox = WaitQueue<Data, SendResult>
