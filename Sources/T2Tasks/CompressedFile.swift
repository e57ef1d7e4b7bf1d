import CZlib
import Foundation
import T2Core

/// A file's content, unpacked if it is gzip; what it is called does not matter.
struct CompressedFile {
    /// Far more than any published data set has; a file that unpacks to more would fill the memory.
    static let largestContent = 1 << 30

    let path: String
    /// What messages call the act of opening it.
    let purpose: String
    var limit = Self.largestContent

    /// - Throws: `SystemError` if it cannot be opened; `InputError` if it cannot be read, is damaged or holds more than
    ///   `limit` bytes.
    /// - Cost: the content and 256 KiB of memory.
    func content() throws -> Data {
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
            guard count >= 0 else { throw damage(of: file) }
            if count == 0 { break }
            guard content.count + Int(count) <= limit else {
                throw InputError(
                    path, "holds more than \(limit) bytes once unpacked",
                    remedy: "Check that it is the right file; unpack and split it if it is.")
            }
            content.append(contentsOf: chunk[..<Int(count)])
        }
        isOpen = false
        // A stream that stops before its end reads like one that ends, until it is closed.
        guard gzclose_r(file) == Z_OK else { throw cut }
        return content
    }

    private func damage(of file: gzFile) -> InputError {
        var code: Int32 = 0
        let message = gzerror(file, &code).map { String(cString: $0) } ?? ""
        if code == Z_ERRNO {
            return InputError(
                path, "cannot be read: \(String(cString: strerror(errno)))", remedy: "Check the disk.",
                exitStatus: .inputOutput)
        }
        if code == Z_BUF_ERROR { return cut }
        let words = message.hasPrefix("\(path): ") ? String(message.dropFirst(path.count + 2)) : message
        return InputError(path, "cannot be unpacked: \(words)", remedy: Self.remedy)
    }

    private var cut: InputError { InputError(path, "ends inside its compressed content", remedy: Self.remedy) }

    private static let remedy = "Fetch the file again."
}
