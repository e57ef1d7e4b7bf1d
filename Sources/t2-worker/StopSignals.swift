import Foundation
import Synchronization

/// SIGTERM and SIGINT: the first asks the worker to hand back what it has, a second one ends the program at once.
final class StopSignals: Sendable {
    private let handler = Mutex<(@Sendable (String) -> Void)?>(nil)
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]
    private let firstReceived = Mutex<ContinuousClock.Instant?>(nil)

    /// Signals closer together than this are one request, delivered twice: `timeout` signals a process and its group.
    private static let sameRequest: Duration = .milliseconds(500)

    /// From here on the signals no longer kill the program. Until there is somebody to tell, the first one ends it with
    /// status 0: there is nothing to hand back yet.
    init() {
        let queue = DispatchQueue(label: "t2-signals")
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        for (source, name) in zip(sources, [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")]) {
            // The handlers keep this object for as long as the program runs.
            source.setEventHandler { self.receive(name.0, name.1) }
            source.resume()
        }
    }

    /// Names who is to be told from now on.
    func tell(_ stop: @escaping @Sendable (String) -> Void) { handler.withLock { $0 = stop } }

    private func receive(_ number: Int32, _ name: String) {
        let now = ContinuousClock.now
        let first = firstReceived.withLock { first in
            defer { first = first ?? now }
            return first
        }
        if let first {
            if now - first >= Self.sameRequest { _exit(128 + number) }
            return
        }
        guard let stop = handler.withLock({ $0 }) else { _exit(0) }
        stop(name)
    }
}
