import Foundation

/// Text on its way to standard output or standard error. A thread of its own writes it, so that a reader that does not
/// read, or a stopped terminal, never blocks the work or the handling of signals.
///
/// Invariant: at most `capacity` bytes wait; beyond that the oldest texts are dropped and counted.
package final class OutputQueue: Sendable {
    package static let standardOutput = OutputQueue(STDOUT_FILENO)
    package static let standardError = OutputQueue(STDERR_FILENO)

    /// The time that a program's end waits for its output to be read.
    package static let farewell: Duration = .seconds(2)
    private static let capacity = 256 << 10

    private struct State {
        var waiting: [String] = []
        var byteCount = 0
        var dropped = 0
        var isWriting = false
        /// Whether nothing can be written any more, because the reader has closed its end or the terminal is gone.
        var isClosed = false
        var hasThread = false
    }

    private let descriptor: Int32
    private let condition = NSCondition()
    private nonisolated(unsafe) var state = State()

    package init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Puts a text into the queue; never waits for a reader.
    package func write(_ text: String) {
        condition.withLock {
            guard !state.isClosed, !text.isEmpty else { return }
            if !state.hasThread { state.hasThread = startThread() }
            state.waiting.append(text)
            state.byteCount += text.utf8.count
            while state.byteCount > Self.capacity, state.waiting.count > 1 {
                state.byteCount -= state.waiting.removeFirst().utf8.count
                state.dropped += 1
            }
            condition.broadcast()
        }
    }

    /// Waits until everything is written.
    ///
    /// - Parameter limit: the longest wait; nil waits for the reader.
    package func flush(within limit: Duration? = nil) {
        let deadline = limit.map { Date(timeIntervalSinceNow: $0.seconds) }
        condition.withLock {
            while state.hasThread, state.isWriting || !state.waiting.isEmpty {
                guard let deadline else {
                    condition.wait()
                    continue
                }
                guard condition.wait(until: deadline) else { return }
            }
        }
    }

    /// Waits a bounded time until the output of this program is written.
    package static func flushAll(within limit: Duration = farewell) {
        standardOutput.flush(within: limit)
        standardError.flush(within: limit)
    }

    /// - Returns: false if the system has no thread for it; the texts then wait in vain.
    private func startThread() -> Bool {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<OutputQueue>.fromOpaque(context).takeUnretainedValue().writeAll() }
                return nil
            }, context)
        if status == 0 { pthread_detach(thread) }
        return status == 0
    }

    private func writeAll() {
        while true {
            let text = next()
            let isWritten = Array(text.utf8).withUnsafeBytes(write)
            condition.withLock {
                state.isWriting = false
                if !isWritten { (state.isClosed, state.waiting, state.byteCount) = (true, [], 0) }
                condition.broadcast()
            }
        }
    }

    /// Waits for the next text, with a line about those that were dropped before it.
    private func next() -> String {
        condition.withLock {
            while state.waiting.isEmpty { condition.wait() }
            let text = state.waiting.removeFirst()
            state.byteCount -= text.utf8.count
            state.isWriting = true
            guard state.dropped > 0 else { return text }
            defer { state.dropped = 0 }
            return "(\(state.dropped) pieces of output were dropped here, because nothing read them)\n" + text
        }
    }

    /// - Returns: false once the descriptor takes nothing any more.
    private func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                // Another program made the shared terminal non-blocking.
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
            } else if count < 0, errno != EINTR {
                return false
            }
        }
        return true
    }
}
