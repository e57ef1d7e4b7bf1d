import CZeroMQ
import T2Core

/// An error that prevents a transport from being opened.
package enum TransportError: UserFacingError, Equatable {
    case malformedEndpoint(String, problem: String)
    /// Listening where other machines can connect, without keys.
    case noKeys(String)
    /// Connecting to another machine without an invitation.
    case noInvitation(String)
    case addressInUse(String)
    case addressNotLocal(String)
    /// A call into libzmq or the system failed.
    case systemCall(operation: String, code: Int32)

    package var description: String {
        switch self {
        case .malformedEndpoint(let endpoint, let problem):
            "endpoint '\(endpoint)': \(problem), expected tcp://HOST:PORT. Give, for example, tcp://127.0.0.1:5555."
        case .noKeys(let endpoint):
            """
            endpoint '\(endpoint)': other machines can reach it, and there are no keys that say who may join. Make them \
            with the first invitation: t2-coord invite NAME > NAME.invite. Without keys, use tcp://127.0.0.1:PORT.
            """
        case .noInvitation(let endpoint):
            """
            endpoint '\(endpoint)': another machine's coordinator needs an invitation. Make it there: t2-coord invite \
            NAME > NAME.invite, copy the file here, and run: t2-worker join NAME.invite.
            """
        case .addressInUse(let endpoint):
            """
            endpoint '\(endpoint)': cannot listen, the port is in use. Stop the program that uses it, or choose another \
            port with --bind (port 0 takes a free one).
            """
        case .addressNotLocal(let endpoint):
            """
            endpoint '\(endpoint)': cannot listen, no network interface of this machine has that address. Use \
            tcp://0.0.0.0:PORT for all interfaces, or tcp://127.0.0.1:PORT for this machine alone.
            """
        case .systemCall(let operation, let code):
            "ZeroMQ: cannot \(operation): \(String(cString: zmq_strerror(code))). \(Self.remedy(code))"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .malformedEndpoint, .noKeys, .noInvitation: .usage
        case .addressInUse, .addressNotLocal, .systemCall: .unavailable
        }
    }

    private static func remedy(_ code: Int32) -> String {
        switch code {
        case EMFILE, ENFILE: "No descriptors are left: raise the limit on open files (ulimit -n)."
        case EACCES: "Choose a port above 1023."
        default: "Check the endpoint and the machine's network, then try again."
        }
    }
}
