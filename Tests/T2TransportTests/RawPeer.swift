import Foundation
import T2TestSupport
import Testing

/// A TCP connection that can speak as much ZMTP 3.0 as a hostile peer needs, without encryption.
struct RawPeer {
    let descriptor: Int32

    init(to endpoint: String) throws {
        let port = try #require(endpoint.split(separator: ":").last.flatMap { UInt16($0) })
        let connection = LoopbackConnection(port: port)
        try connection.requireOpen()
        descriptor = connection.descriptor
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    /// Connects and completes the handshake of ZMTP 3.0 with the NULL mechanism.
    ///
    /// - Parameter identity: the routing id that it asks for.
    init(greeting endpoint: String, identity: [UInt8] = []) throws {
        try self.init(to: endpoint)
        let name = Array("NULL".utf8) + [UInt8](repeating: 0, count: 16)
        send([0xff] + [UInt8](repeating: 0, count: 8) + [0x7f, 3, 0] + name + [UInt8](repeating: 0, count: 32))
        func property(_ name: String, _ value: [UInt8]) -> [UInt8] {
            [UInt8(name.utf8.count)] + Array(name.utf8) + [0, 0, 0, UInt8(value.count)] + value
        }
        let ready =
            [5] + Array("READY".utf8) + property("Socket-Type", Array("DEALER".utf8)) + property("Identity", identity)
        send([4, UInt8(ready.count)] + ready)
        _ = try receive(until: "READY")
    }

    /// Sends one frame, up to 255 bytes.
    ///
    /// - Parameter more: whether the message goes on.
    @discardableResult
    func send(frame: [UInt8], more: Bool) -> Bool { send([more ? 1 : 0, UInt8(frame.count)] + frame) }

    /// - Returns: false if the other end has closed, which is its right.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let sent = bytes.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress! + offset, $0.count - offset, Int32(MSG_NOSIGNAL))
            }
            if sent <= 0 { return false }
            offset += sent
        }
        return true
    }

    /// Reads until the text has come; throws when the connection ends or is silent for long.
    func receive(until text: String) throws -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: all, as: UTF8.self).contains(text) {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            try #require(count > 0, "the connection ended after \(all.count) bytes")
            all += buffer.prefix(count)
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// Ends the connection as a crash of the other machine's would: with an error rather than an end.
    func reset() {
        var atOnce = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &atOnce, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func close() { Foundation.close(descriptor) }
}
