import Logging
import T2Core
import T2Transport

/// What operators ask of a running coordinator.
extension Dispatcher {
    /// The answer to a request to drain a worker.
    package enum DrainAnswer: Sendable, Equatable {
        case draining(leases: Int)
        /// No such worker is here.
        case unknown(present: [String])
    }

    /// Asks a worker to finish its leases and leave. It gets no further ones, nor after a lost connection.
    package func drain(_ name: String) async throws -> DrainAnswer {
        guard let worker = table.names[name] else { return .unknown(present: table.names.keys.sorted()) }
        try await take(.workerDrained(worker))
        askToLeave(worker)
        try await flush()
        logger.info("worker drains at an operator's request", metadata: ["worker": "\(worker)"])
        return .draining(leases: table.held(by: worker).count)
    }

    func askToLeave(_ worker: WorkerIdentifier) {
        send(.drain(Drain(reason: "an operator drained this worker")), to: worker)
    }

    /// Grants no leases to any worker, or grants them again. Current leases continue.
    package func setPaused(_ isPaused: Bool) async throws {
        guard table.isPaused != isPaused else { return }
        logger.info(isPaused ? "paused at an operator's request" : "resumed at an operator's request")
        try await take(.pauseChanged(isPaused))
        try await flush()
    }
}
