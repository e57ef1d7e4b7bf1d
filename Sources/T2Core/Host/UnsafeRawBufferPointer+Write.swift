import Foundation

extension UnsafeRawBufferPointer {
    /// Writes all bytes to an open file.
    ///
    /// - Throws: `SystemError` naming the path.
    package func write(to descriptor: Int32, path: String) throws {
        var rest = self[...]
        while !rest.isEmpty {
            let written = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw SystemError("write", path) }
            rest = rest.dropFirst(written)
        }
    }
}
