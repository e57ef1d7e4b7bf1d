import T2Core

/// Why a worker has left.
package enum WorkerEnding: Sendable, Equatable {
    /// The coordinator sent it home: the work is done.
    case drained(reason: String)
    /// It was asked to stop and has handed back what it had.
    case stopped(reason: String)
    /// The coordinator does not want it.
    case rejected(reason: String, remedy: String)
    /// Its transport was closed under it.
    case transportClosed

    package var reason: String {
        switch self {
        case .drained(let reason), .stopped(let reason), .rejected(let reason, _): reason
        case .transportClosed: "the transport was closed"
        }
    }

    /// - Throws: `InputError` if the worker had to leave before its work was done.
    package func requireSuccess() throws(InputError) {
        switch self {
        case .drained, .stopped: return
        case .rejected(let reason, let remedy):
            throw InputError("the coordinator refused this worker", reason, remedy: remedy, exitStatus: .configuration)
        case .transportClosed:
            throw InputError("transport", reason, remedy: "Start the worker again.", exitStatus: .unavailable)
        }
    }
}
