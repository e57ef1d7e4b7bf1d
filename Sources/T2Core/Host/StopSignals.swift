import Foundation
import Synchronization

/// Handles SIGTERM, SIGINT and SIGHUP: the first asks the program to stop without losing work, a second ends it at once.
package final class StopSignals: Sendable {
    private struct State {
        var first: (time: ContinuousClock.Instant, name: String)?
        var stop: (@Sendable (String) -> Void)?
        var atEnd: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    /// Signals closer together than this count as one request: `timeout` signals a process and its group.
    private static let sameRequest: Duration = .milliseconds(500)

    /// Replaces the signals' default action.
    ///
    /// SIGHUP stays ignored if it was, as by `nohup`.
    ///
    /// - Parameter stop: receives the name of the first signal. Until it is set, here or by `tell`, no work can be lost
    ///   and the first signal ends the program with the status that a shell gives it, 129, 130 or 143.
    package init(_ stop: (@Sendable (String) -> Void)? = nil) {
        let queue = DispatchQueue(label: "t2-signals")
        let hangUp = Self.isIgnored(SIGHUP) ? [] : [(SIGHUP, "SIGHUP")]
        let signals = [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")] + hangUp
        sources = signals.map { number, _ in DispatchSource.makeSignalSource(signal: number, queue: queue) }
        state.withLock { $0.stop = stop }
        let registrations = DispatchGroup()
        for (source, (number, name)) in zip(sources, signals) {
            // The handlers keep this object alive for as long as the program runs.
            source.setEventHandler { self.receive(number, name) }
            registrations.enter()
            source.setRegistrationHandler { registrations.leave() }
            source.resume()
        }
        // Until then a signal has its default action; dispatch replaces it by a handler of its own.
        registrations.wait()
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        sigaction(number, nil, &action)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Whether a signal has arrived.
    package var isRequested: Bool { state.withLock { $0.first != nil } }

    /// Sets the closure that receives the name of the first signal, at once if that has arrived already.
    package func tell(_ stop: @escaping @Sendable (String) -> Void) {
        let first = state.withLock { state in
            state.stop = stop
            return state.first
        }
        if let first { stop(first.name) }
    }

    /// Sets what is done before a signal ends the program at once.
    package func beforeEnd(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.atEnd = body } }

    private func receive(_ number: Int32, _ name: String) {
        let now = ContinuousClock.now
        let (first, stop) = state.withLock { state in
            defer { state.first = state.first ?? (now, name) }
            return (state.first, state.stop)
        }
        if let first {
            if now - first.time >= Self.sameRequest { end(number) }
            return
        }
        guard let stop else { end(number) }
        stop(name)
    }

    private func end(_ number: Int32) -> Never {
        state.withLock(\.atEnd)?()
        OutputQueue.flushAll(within: .milliseconds(100))
        _exit(128 + number)
    }
}
