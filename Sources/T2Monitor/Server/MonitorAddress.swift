import Foundation
import T2Core

/// Where the monitor's HTTP server listens.
package enum MonitorAddress: Sendable, Equatable {
    case off
    /// Port 0 takes a free port.
    case on(host: String, port: Int)

    package static let standard = MonitorAddress.on(host: "127.0.0.1", port: 0)

    /// - Parameter text: `PORT`, which is on loopback, `HOST:PORT`, or `off`.
    /// - Returns: nil if the text is none of these.
    package init?(_ text: String) {
        guard text != "off" else {
            self = .off
            return
        }
        let colon = text.lastIndex(of: ":")
        var host = colon.map { text[..<$0] } ?? "127.0.0.1"
        let port = colon.map { text[text.index(after: $0)...] } ?? text[...]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard let number = UInt16(port), port.allSatisfy(\.isNumber), !host.isEmpty, !host.contains("[") else {
            return nil
        }
        self = .on(host: host == "localhost" ? "127.0.0.1" : String(host), port: Int(number))
    }

    /// Checks that a server could listen there, before there is anything to lose.
    ///
    /// - Throws: `InputError`.
    package func check() throws {
        guard case .on(let host, let port) = self else { return }
        do {
            close(
                try MonitorSocket.open(host, String(port)) { descriptor, address in
                    var reuses: Int32 = 1
                    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuses, socklen_t(MemoryLayout<Int32>.size))
                    return bind(descriptor, address.ai_addr, address.ai_addrlen)
                })
        } catch {
            throw Self.unusable(host, port, error.problem)
        }
    }

    static func unusable(_ host: String, _ port: Int, _ problem: String) -> InputError {
        InputError(
            "--monitor \(host):\(port)", "cannot listen there: \(problem)",
            remedy: "Give another address, or leave it out for a free port on loopback.", exitStatus: .unavailable)
    }

    /// Whether only programs on this machine can reach it.
    package var isLoopback: Bool {
        guard case .on(let host, _) = self else { return true }
        return host == "::1" || (host.hasPrefix("127.") && inet_addr(host) != INADDR_NONE)
    }

    /// `HOST:PORT` with a host that reaches it: this machine's name if it listens on all interfaces.
    static func authority(host: String, port: Int, onThisMachine: Bool) -> String {
        var host = host
        if ["0.0.0.0", "::", "*"].contains(host) {
            host = onThisMachine ? "127.0.0.1" : ProcessInfo.processInfo.hostName
        }
        return (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
    }
}
