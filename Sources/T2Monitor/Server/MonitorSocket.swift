import Foundation

/// A TCP socket of a host and a port.
enum MonitorSocket {
    struct Failure: Error {
        let problem: String
    }

    /// Opens a socket for the first address of a host, and connects or binds it.
    ///
    /// - Parameter use: returns 0, or -1 with `errno` set.
    static func open(
        _ host: String, _ port: String, use: (Int32, addrinfo) -> Int32
    ) throws(Failure) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, port, &hints, &found)
        guard code == 0, let address = found?.pointee else {
            throw Failure(problem: "the host '\(host)' is unknown: \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(found) }
        let descriptor = socket(
            address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), address.ai_protocol)
        guard descriptor >= 0, use(descriptor, address) == 0 else {
            let problem = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw Failure(problem: problem)
        }
        return descriptor
    }
}
