/// Reads JSON text value by value, without building a tree.
///
/// Two things rule out `JSONDecoder` for a vocabulary: it has hundreds of thousands of entries, and its keys must be
/// compared byte by byte, while `String` treats canonically equivalent keys as equal.
/// - Invariant: the bytes outlive the scanner.
struct JSONScanner {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position: Int

    init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// What the scanner expected, and where it found something else.
    struct Failure: Error, Sendable {
        let expected: String
        /// The offset in bytes from the start of the file.
        let position: Int
    }

    /// Calls `body` for each key, with the scanner at its value; `body` must read or skip that value.
    mutating func members(_ body: (_ key: [UInt8], _ scanner: inout JSONScanner) throws -> Void) throws {
        try expect(UInt8(ascii: "{"))
        if accept(UInt8(ascii: "}")) { return }
        repeat {
            let key = try string()
            try expect(UInt8(ascii: ":"))
            try body(key, &self)
        } while accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    /// Calls `body` for each element, with the scanner at that element; `body` must read or skip it.
    mutating func elements(_ body: (_ scanner: inout JSONScanner) throws -> Void) throws {
        try expect(UInt8(ascii: "["))
        if accept(UInt8(ascii: "]")) { return }
        repeat { try body(&self) } while accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
    }

    /// The first byte of the next value, which shows its kind; nil at the end.
    mutating func next() -> UInt8? {
        skipSpace()
        return current
    }

    /// Whether the next value is an array.
    mutating func isAtArray() -> Bool { next() == UInt8(ascii: "[") }

    /// Reads a whole number.
    mutating func integer() throws -> Int {
        skipSpace()
        let start = position
        while let byte = current, byte == UInt8(ascii: "-") || isDigit(byte) { position += 1 }
        guard let value = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            throw Failure(expected: "a whole number", position: start)
        }
        return value
    }

    /// Reads a string and returns its UTF-8 with all escapes resolved.
    mutating func string() throws -> [UInt8] {
        try expect(UInt8(ascii: "\""))
        var result: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return result
            case UInt8(ascii: "\\"): try appendEscape(to: &result)
            default: result.append(byte)
            }
        }
        throw Failure(expected: "'\"'", position: position)
    }

    /// Skips one value of any kind and returns its range in bytes. Only the syntax that determines this range is
    /// checked.
    mutating func skipValue() throws -> Range<Int> {
        skipSpace()
        let start = position
        var closers: [UInt8] = []
        repeat {
            skipSpace()
            switch current {
            case UInt8(ascii: "{"):
                closers.append(UInt8(ascii: "}"))
                position += 1
            case UInt8(ascii: "["):
                closers.append(UInt8(ascii: "]"))
                position += 1
            case UInt8(ascii: "\""): _ = try string()
            case let byte? where byte == closers.last:
                closers.removeLast()
                position += 1
            case UInt8(ascii: ",") where !closers.isEmpty, UInt8(ascii: ":") where !closers.isEmpty: position += 1
            default: try skipWord()
            }
        } while !closers.isEmpty
        return start..<position
    }

    /// Checks that only white space remains.
    mutating func end() throws {
        skipSpace()
        guard position == bytes.count else { throw Failure(expected: "the end of the file", position: position) }
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        skipSpace()
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws {
        guard accept(byte) else { throw Failure(expected: "'\(Character(Unicode.Scalar(byte)))'", position: position) }
    }

    /// Skips a number, `true`, `false` or `null`.
    private mutating func skipWord() throws {
        let start = position
        while let byte = current, isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 26 || "+-.".utf8.contains(byte)
        {
            position += 1
        }
        guard position > start else { throw Failure(expected: "a value", position: start) }
    }

    private mutating func appendEscape(to result: inout [UInt8]) throws {
        let start = position - 1
        let brokenPair = Failure(expected: "a surrogate pair", position: start)
        guard let byte = current else { throw Failure(expected: "an escape", position: start) }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            var value = try codeUnit()
            if value & 0xFC00 == 0xD800, current == UInt8(ascii: "\\") {
                position += 1
                guard current == UInt8(ascii: "u") else { throw brokenPair }
                position += 1
                let low = try codeUnit()
                guard low & 0xFC00 == 0xDC00 else { throw brokenPair }
                value = 0x10000 + (value & 0x3FF) << 10 + low & 0x3FF
            }
            guard let scalar = Unicode.Scalar(value) else { throw brokenPair }
            result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: throw Failure(expected: "an escape", position: start)
        }
    }

    private mutating func codeUnit() throws -> UInt32 {
        guard position + 4 <= bytes.count,
            let value = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw Failure(expected: "four hexadecimal digits", position: position) }
        position += 4
        return value
    }
}
