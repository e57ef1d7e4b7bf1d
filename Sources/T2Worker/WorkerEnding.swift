import T2Core
import T2Transport

/// The reason why a worker ended.
package enum WorkerEnding: Sendable, Equatable {
    /// The coordinator asked the worker to leave, because the work is done.
    case drained(reason: String)
    /// The worker was asked to stop, and has returned its leases.
    case stopped(reason: String)
    /// The coordinator refused the worker.
    case rejected(reason: String, remedy: String)
    /// The coordinator speaks another version of the protocol.
    case otherVersion(found: String)
    /// The transport was closed while the worker was running.
    case transportClosed

    package var reason: String {
        switch self {
        case .drained(let reason), .stopped(let reason), .rejected(let reason, _): reason
        case .otherVersion(let found):
            "it speaks another version of the protocol: expected '\(Message.version)', found '\(found)'"
        case .transportClosed: "the transport was closed"
        }
    }

    /// - Throws: `InputError` if the worker had to leave before its work was done.
    package func requireSuccess() throws(InputError) {
        switch self {
        case .drained, .stopped: return
        case .rejected, .otherVersion, .transportClosed: throw error
        }
    }

    /// The ending as an error.
    package var error: InputError {
        switch self {
        case .rejected(let reason, let remedy):
            InputError("the coordinator refused this worker", reason, remedy: remedy, exitStatus: .configuration)
        case .otherVersion:
            InputError(
                "the coordinator", reason, remedy: "Run the same version of t2 on both sides.",
                exitStatus: .configuration)
        case .drained, .stopped, .transportClosed:
            InputError("transport", reason, remedy: "Start the worker again.", exitStatus: .unavailable)
        }
    }
}
