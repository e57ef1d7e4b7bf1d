import Foundation
import Synchronization
import T2Core
import T2Transport

/// Whether a coordinator can be reached: a TCP connection, and the greeting with which every ZeroMQ socket begins.
///
/// The probe says which version of ZMTP it speaks and leaves before it names a mechanism, so that a coordinator that requires keys
/// answers it too. Source: ZMTP 3.1 (rfc.zeromq.org/spec/37), "Version Negotiation".
final class EndpointProbe: Sendable {
    private struct Failure: Error {
        let found: String
        let remedy: String
    }

    private let endpoint: String
    private let deadline: Duration
    private let stage = Mutex("starting")
    private let result = Mutex<Result<String, Failure>?>(nil)

    /// - Parameter endpoint: `tcp://HOST:PORT`, checked as that of `t2-worker join`.
    init(_ endpoint: String, deadline: Duration = .seconds(10)) {
        self.endpoint = endpoint
        self.deadline = deadline
    }

    /// Connects and reads the greeting, on a thread of its own, since looking up a name has no deadline.
    func finding() -> Finding {
        let check = "endpoint"
        let address: Substring
        do { address = try Endpoint(endpoint, isListening: false).address.dropFirst("tcp://".count) } catch {
            return .fail(check, error)
        }
        let colon = address.lastIndex(of: ":") ?? address.endIndex
        let host = address[..<colon].trimmingCharacters(in: ["[", "]"])
        let port = String(address[colon...].dropFirst())
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread { [self] in
            do throws(Failure) {
                let mechanism = try mechanism(host: host, port: port)
                result.withLock { $0 = .success(mechanism) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
            done.signal()
        }
        _ = done.wait(timeout: .now() + deadline.seconds)
        switch result.withLock({ $0 }) {
        case .success(let mechanism):
            return .ok(check, "\(endpoint) answers as a coordinator does, mechanism \(mechanism)")
        case .failure(let failure): return .fail(check, "\(endpoint): \(failure.found)", remedy: failure.remedy)
        case nil:
            let stage = stage.withLock { $0 }
            return .fail(
                check, "\(endpoint): still \(stage) after \(deadline.text)",
                remedy:
                    "Check that t2-coord runs there, that it is not stopped, and that no firewall drops the packets.")
        }
    }

    /// The security mechanism that the other side names in its greeting: `NULL` or `CURVE`.
    private func mechanism(host: String, port: String) throws(Failure) -> String {
        let connection = try connect(host, port)
        defer { close(connection) }
        stage.withLock { $0 = "waiting for a greeting" }
        // The signature and the major version, after which the other side sends all of its greeting.
        let signature: [UInt8] = [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f]
        let opening = signature + [3]
        guard send(connection, opening, opening.count, Int32(MSG_NOSIGNAL)) == opening.count else {
            throw lost()
        }
        var greeting: [UInt8] = []
        while greeting.count < 64 {
            var buffer = [UInt8](repeating: 0, count: 64 - greeting.count)
            let count = recv(connection, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw lost() }
            greeting += buffer[..<count]
            guard greeting[0] == 0xff, greeting.count < 10 || greeting[9] == 0x7f else { throw other() }
        }
        guard greeting[10] >= 3 else { throw other() }
        return String(decoding: greeting[12..<32].prefix { $0 > 0x20 && $0 < 0x7f }, as: UTF8.self)
    }

    /// A connection to the first of the host's addresses that accepts one.
    private func connect(_ host: String, _ port: String) throws(Failure) -> Int32 {
        stage.withLock { $0 = "looking up \(host)" }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var addresses: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, port, &hints, &addresses)
        guard code == 0 else {
            throw Failure(
                found: "the host cannot be found: \(String(cString: gai_strerror(code)))",
                remedy: "Check the name, or give the address.")
        }
        defer { freeaddrinfo(addresses) }
        stage.withLock { $0 = "connecting" }
        var problem = ENOENT
        for address in sequence(first: addresses, next: { $0?.pointee.ai_next }) {
            guard let address = address?.pointee else { break }
            let connection = socket(address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
            if connection >= 0, Foundation.connect(connection, address.ai_addr, address.ai_addrlen) == 0 {
                return connection
            }
            problem = errno
            if connection >= 0 { close(connection) }
        }
        throw Failure(
            found: "cannot connect: \(String(cString: strerror(problem)))",
            remedy: "Check that t2-coord runs there and listens on this endpoint, and that no firewall refuses it.")
    }

    private func lost() -> Failure {
        Failure(
            found: "the connection was closed before a greeting",
            remedy: "Check that a t2-coord listens there, and no proxy or other program.")
    }

    private func other() -> Failure {
        Failure(
            found: "another program than a coordinator answers",
            remedy: "Check host and port: t2-coord prints the endpoint on which it listens.")
    }
}
