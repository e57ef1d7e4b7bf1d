import Foundation
import Synchronization

/// The answers to the requests of one call, in the same order.
final class Batch<Answer: Sendable>: Sendable {
    private let answers: Mutex<[Answer?]>
    private let answered = DispatchSemaphore(value: 0)

    init(count: Int) { answers = Mutex(Array(repeating: nil, count: count)) }

    /// - Precondition: the request has not been answered yet.
    func answer(_ index: Int, _ answer: Answer) {
        answers.withLock { $0[index] = answer }
        answered.signal()
    }

    /// Blocks until every request has been answered.
    func wait() -> [Answer] {
        for _ in 0..<answers.withLock(\.count) { answered.wait() }
        return answers.withLock { $0.compactMap(\.self) }
    }
}
