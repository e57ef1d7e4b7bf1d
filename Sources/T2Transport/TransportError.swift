import CZeroMQ
import T2Core

/// An error that prevents a transport from being opened.
package enum TransportError: UserFacingError, Equatable {
    case malformedEndpoint(String, problem: String)
    /// Encryption is not available yet, so only this machine may connect.
    case notLoopback(String)
    case addressInUse(String)
    case addressNotLocal(String)
    /// A call into libzmq or the system failed.
    case systemCall(operation: String, code: Int32)

    package var description: String {
        switch self {
        case .malformedEndpoint(let endpoint, let problem):
            "endpoint '\(endpoint)': \(problem), expected tcp://HOST:PORT. Give, for example, tcp://127.0.0.1:5555."
        case .notLoopback(let endpoint):
            """
            endpoint '\(endpoint)': not a loopback address, and encrypted transport is not available yet. \
            Use tcp://127.0.0.1:PORT; from another machine, go through a tunnel: ssh -L PORT:127.0.0.1:PORT HOST.
            """
        case .addressInUse(let endpoint):
            """
            endpoint '\(endpoint)': cannot listen, the port is in use. Stop the program that uses it, or choose another \
            port with --bind (port 0 takes a free one).
            """
        case .addressNotLocal(let endpoint):
            """
            endpoint '\(endpoint)': cannot listen, no network interface of this machine has that address. Use \
            tcp://127.0.0.1:PORT.
            """
        case .systemCall(let operation, let code):
            "ZeroMQ: cannot \(operation): \(String(cString: zmq_strerror(code))). \(Self.remedy(code))"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .malformedEndpoint, .notLoopback: .usage
        case .addressInUse, .addressNotLocal, .systemCall: .unavailable
        }
    }

    private static func remedy(_ code: Int32) -> String {
        switch code {
        case EMFILE, ENFILE: "Raise the limit on open files (ulimit -n)."
        case EACCES: "Choose a port above 1023."
        default: "Check the endpoint and the machine's network, then try again."
        }
    }
}
