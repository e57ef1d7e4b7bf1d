/// A validated `tcp://HOST:PORT`.
///
/// Only loopback hosts are accepted for now, since other hosts need encryption and a list of allowed keys.
package struct Endpoint: Sendable, Equatable {
    /// The address in libzmq's form; `localhost` is replaced by 127.0.0.1, because libzmq cannot listen on a name.
    package let address: String
    let isIPv6: Bool

    /// - Parameter isListening: whether to listen, so that port 0 or `*` takes a free one, or to connect.
    /// - Throws: `TransportError.malformedEndpoint` or `.notLoopback`.
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
        guard Self.isLoopback(host) else { throw .notLoopback(text) }
        isIPv6 = host == "[::1]"
        address = "tcp://\(host == "localhost" ? "127.0.0.1" : host):\(port == "*" ? "0" : port)"
    }

    private static func isPort(_ text: Substring, isListening: Bool) -> Bool {
        if text == "*" || text == "0" { return isListening }
        return text.allSatisfy { $0.isASCII && $0.isNumber } && UInt16(text) ?? 0 > 0
    }

    private static func isLoopback(_ host: Substring) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { $0.allSatisfy(\.isASCII) && UInt8($0) != nil }
    }
}
