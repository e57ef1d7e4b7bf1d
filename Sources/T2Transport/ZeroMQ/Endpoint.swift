/// A validated `tcp://HOST:PORT`.
package struct Endpoint: Sendable, Equatable {
    /// The address in libzmq's form; `localhost` is replaced by 127.0.0.1, because libzmq cannot listen on a name.
    package let address: String
    /// Whether only programs on this machine can reach it, so that encryption is not needed.
    package let isLoopback: Bool
    let isIPv6: Bool

    /// - Parameter isListening: whether to listen, so that port 0 or `*` takes a free one, or to connect.
    /// - Throws: `TransportError.malformedEndpoint`.
    package init(_ text: String, isListening: Bool) throws(TransportError) {
        guard let scheme = text.range(of: "://") else { throw .malformedEndpoint(text, problem: "has no '://'") }
        guard text[..<scheme.lowerBound] == "tcp" else {
            throw .malformedEndpoint(text, problem: "has the scheme '\(text[..<scheme.lowerBound])'")
        }
        let rest = text[scheme.upperBound...]
        guard let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") else {
            throw .malformedEndpoint(text, problem: "has no port")
        }
        let host = rest[..<colon]
        let port = rest[rest.index(after: colon)...]
        guard !host.isEmpty else { throw .malformedEndpoint(text, problem: "has no host") }
        guard Self.isPort(port, isListening: isListening) else {
            throw .malformedEndpoint(text, problem: "has the port '\(port)'")
        }
        isIPv6 = host.hasPrefix("[") && host.hasSuffix("]")
        guard isIPv6 || Self.isName(host) || (host == "*" && isListening) else {
            throw .malformedEndpoint(text, problem: "has the host '\(host)'")
        }
        isLoopback = Self.isLoopback(host)
        address = "tcp://\(host == "localhost" ? "127.0.0.1" : host):\(port == "*" ? "0" : port)"
    }

    private init(address: String, isLoopback: Bool, isIPv6: Bool) {
        self.address = address
        self.isLoopback = isLoopback
        self.isIPv6 = isIPv6
    }

    /// The ways to reach the endpoint: libzmq looks a name up either among IPv4 addresses or among those of IPv6.
    var candidates: [Endpoint] {
        let host = address.dropFirst("tcp://".count).prefix { $0 != ":" }
        let isName = !isIPv6 && host.contains { $0.isLetter }
        return [self] + (isName ? [Endpoint(address: address, isLoopback: isLoopback, isIPv6: true)] : [])
    }

    private static func isPort(_ text: Substring, isListening: Bool) -> Bool {
        if text == "*" || text == "0" { return isListening }
        return text.allSatisfy { $0.isASCII && $0.isNumber } && UInt16(text) ?? 0 > 0
    }

    /// Whether a host is an IPv4 address, a host's name or an interface's.
    private static func isName(_ host: Substring) -> Bool {
        host.utf8.count <= 253 && host.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
    }

    private static func isLoopback(_ host: Substring) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { $0.allSatisfy(\.isASCII) && UInt8($0) != nil }
    }
}
