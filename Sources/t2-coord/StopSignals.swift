import Foundation
import Synchronization

/// SIGTERM and SIGINT: the first asks the run to stop where nothing is lost, a second one ends the program at once.
final class StopSignals: Sendable {
    private struct State {
        var isStopping = false
        var stop: (@Sendable (String) -> Void)?
    }

    private let state = Mutex(State())
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    /// From here on the signals no longer kill the program. While there is nothing to stop, the first one ends it with
    /// status 0.
    init() {
        let queue = DispatchQueue(label: "t2-signals")
        let signals = [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")]
        sources = signals.map { number, _ in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        for (source, (number, name)) in zip(sources, signals) {
            source.setEventHandler { [weak self] in self?.receive(number, name) }
            source.resume()
        }
    }

    /// Names what is to be stopped from now on.
    func tell(_ stop: @escaping @Sendable (String) -> Void) { state.withLock { $0.stop = stop } }

    private func receive(_ number: Int32, _ name: String) {
        let stop = state.withLock { state in
            if state.isStopping { _exit(128 + number) }
            state.isStopping = true
            return state.stop
        }
        guard let stop else { _exit(0) }
        stop(name)
    }
}
