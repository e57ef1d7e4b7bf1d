import Foundation
import Synchronization

/// Ctrl-C and SIGTERM as a request to end with what there is; a second one ends the program at once.
final class Interruption: Sendable {
    private let requested = Mutex<ContinuousClock.Instant?>(nil)
    private nonisolated(unsafe) var sources: [any DispatchSourceSignal] = []

    /// Signals closer together than this are one request, delivered twice: `timeout` signals a process and its group.
    private static let sameRequest: Duration = .milliseconds(500)

    var isRequested: Bool { requested.withLock { $0 != nil } }

    /// From here on the signals no longer kill the program.
    init() {
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInitiated))
            source.setEventHandler { [weak self] in self?.receive(number) }
            source.resume()
            return source
        }
    }

    private func receive(_ number: Int32) {
        let now = ContinuousClock.now
        let first = requested.withLock { first in
            first = first ?? now
            return first ?? now
        }
        if now - first >= Self.sameRequest { _exit(128 + number) }
    }
}
