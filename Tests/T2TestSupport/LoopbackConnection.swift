import Foundation
import T2Core

/// A TCP connection to a port of this machine, from a peer that need not speak any protocol.
package struct LoopbackConnection {
    package let descriptor: Int32
    /// The error of the attempt; 0 if the connection was made.
    package let status: Int32

    package init(port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { [descriptor] in
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        status = result == 0 ? 0 : errno
    }

    /// - Throws: `SystemError` if there is no connection.
    package func requireOpen() throws {
        guard status == 0 else { throw SystemError("connect to a port of", "127.0.0.1", code: status) }
    }

    package func close() { Foundation.close(descriptor) }
}
