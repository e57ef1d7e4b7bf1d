import Foundation
import T2Core

/// Reads a file or standard input line by line, without waiting for more than the next line.
final class LineReader {
    struct Line {
        let content: Data
        /// `FILE:NUMBER`, counted from 1, for messages.
        let location: String
    }

    /// The name of the source in messages.
    let name: String
    private let descriptor: Int32
    /// Bytes not yet returned start at `start`; there is no line end from there to `scanned`.
    private var buffer: [UInt8] = []
    private var start = 0
    private var scanned = 0
    private var isAtEnd = false
    private var number = 0

    /// - Parameter path: `-` is standard input.
    /// - Throws: `SystemError` if the file cannot be opened.
    init(path: String) throws {
        name = path == "-" ? "standard input" : path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path) }
    }

    deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

    /// Waits for the next line that is not blank; nil at the end.
    ///
    /// - Throws: `SystemError` if reading fails.
    func next() throws -> Line? {
        while true {
            while let end = lineEnd() {
                defer { (start, scanned) = (end + 1, end + 1) }
                if let line = line(start..<end) { return line }
            }
            guard !isAtEnd else {
                defer { start = buffer.count }
                return start == buffer.count ? nil : line(start..<buffer.count)
            }
            try fill()
        }
    }

    /// Whether input, or its end, is available without waiting for the writer.
    var isReady: Bool {
        if isAtEnd || lineEnd() != nil { return true }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    private func lineEnd() -> Int? {
        let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n"))
        if end == nil { scanned = buffer.count }
        return end
    }

    private func line(_ range: Range<Int>) -> Line? {
        number += 1
        let content = buffer[range]
        guard content.contains(where: { !Self.whiteSpace.contains($0) }) else { return nil }
        return Line(content: Data(content), location: "\(name):\(number)")
    }

    private func fill() throws {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0 && errno == EINTR { return }
        guard count >= 0 else { throw SystemError("read", name) }
        if count == 0 { isAtEnd = true }
        buffer.removeFirst(start)
        (start, scanned) = (0, scanned - start)
        buffer.append(contentsOf: chunk[..<count])
    }

    private static let whiteSpace: Set<UInt8> = [0x20, 0x09, 0x0D]
}

extension LineReader.Line {
    /// The line as a JSON object.
    ///
    /// - Parameter form: what is expected, as an example.
    /// - Throws: `InputError` naming the line.
    func decode<Value: Decodable>(_ type: Value.Type, form: String) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: content)
        } catch {
            throw unreadable(form: form, decodingProblem(error, in: content))
        }
    }

    /// The error about a line that is not as expected.
    func unreadable(form: String, _ problem: String) -> InputError {
        InputError(location, "expected \(form): \(problem)", remedy: "Give one JSON object a line.")
    }
}
