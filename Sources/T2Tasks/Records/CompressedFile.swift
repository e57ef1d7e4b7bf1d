import CZlib
import Foundation
import T2Core

/// A file whose content is unpacked if it is gzip, whatever the file's name.
package enum CompressedFile {
    /// The largest content in bytes, far more than any published data set has, so that a file cannot fill the memory.
    package static let largestContent = 1 << 30

    /// - Parameter purpose: the purpose of opening the file, for messages.
    /// - Throws: `SystemError` if the file cannot be opened; `InputError` if it cannot be read, is damaged or holds
    ///   more than `limit` bytes.
    /// - Cost: memory for the content and 256 KiB.
    package static func content(of path: String, purpose: String, limit: Int = largestContent) throws -> Data {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError(purpose, path) }
        guard let file = gzdopen(descriptor, "rb") else {
            close(descriptor)
            throw SystemError(purpose, path)
        }
        var isOpen = true
        defer { if isOpen { gzclose_r(file) } }
        var content = Data()
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = gzread(file, &chunk, UInt32(chunk.count))
            guard count >= 0 else { throw damage(of: file, path) }
            if count == 0 { break }
            guard content.count + Int(count) <= limit else {
                throw InputError(
                    path, "holds more than \(limit) bytes once unpacked",
                    remedy: "Check that it is the right file; if it is, unpack and split it.")
            }
            content.append(contentsOf: chunk[..<Int(count)])
        }
        isOpen = false
        // Only closing tells a stream that is cut short from one that ends.
        guard gzclose_r(file) == Z_OK else { throw cut(path) }
        return content
    }

    private static func damage(of file: gzFile, _ path: String) -> InputError {
        var code: Int32 = 0
        let message = gzerror(file, &code).map { String(cString: $0) } ?? ""
        if code == Z_ERRNO {
            return InputError(
                path, "cannot be read: \(String(cString: strerror(errno)))",
                remedy: "Check that it is a file and that the disk is sound.", exitStatus: .inputOutput)
        }
        if code == Z_BUF_ERROR { return cut(path) }
        return InputError(path, "cannot be unpacked: \(message.trimmingPrefix(#/<fd:\d+>: /#))", remedy: remedy)
    }

    private static func cut(_ path: String) -> InputError {
        InputError(path, "ends inside its compressed content", remedy: remedy)
    }

    private static let remedy = "Fetch the file again."
}
