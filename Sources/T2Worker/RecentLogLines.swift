import Synchronization

/// The last lines of the log, kept for error reports. It is bounded and may be used from any thread.
package final class RecentLogLines: Sendable {
    private static let capacity = 100

    private let lines = Mutex<[String]>([])

    package init() {}

    package func append(_ line: String) {
        lines.withLock { lines in
            lines.append(line)
            if lines.count > Self.capacity { lines.removeFirst(lines.count - Self.capacity) }
        }
    }

    /// The last `count` lines, oldest first.
    package func last(_ count: Int) -> [String] { lines.withLock { Array($0.suffix(count)) } }
}
