/// A reading position in a span of bytes; it never leaves the span.
///
/// Invariant: `0 ≤ position ≤ end ≤ bytes.count`. `steps` counts the bytes looked at, so that tests can check the cost.
struct ByteCursor {
    let bytes: [UInt8]
    private(set) var position: Int
    let end: Int
    private(set) var steps = 0

    init(_ bytes: [UInt8], _ span: Range<Int> = 0..<Int.max) {
        self.bytes = bytes
        let whole = span.clamped(to: 0..<bytes.count)
        position = whole.lowerBound
        end = whole.upperBound
    }

    /// The next byte; 0, which is part of no answer, at the end.
    var next: UInt8 { byte(at: 0) }
    var isAtEnd: Bool { position == end }

    /// The byte at an offset from the position; 0 beyond the end.
    func byte(at offset: Int) -> UInt8 { position + offset < end ? bytes[position + offset] : 0 }

    mutating func advance(_ count: Int = 1) {
        let target = min(position + count, end)
        steps += target - position + 1
        position = target
    }

    /// Moves back to an earlier position.
    mutating func rewind(to earlier: Int) { position = min(earlier, position) }

    func startsWith(_ pattern: StaticString) -> Bool {
        let length = pattern.utf8CodeUnitCount
        guard end - position >= length else { return false }
        return pattern.withUTF8Buffer { pattern in
            for offset in 0..<length where bytes[position + offset] != pattern[offset] { return false }
            return true
        }
    }

    mutating func skip(_ pattern: StaticString) -> Bool {
        steps += 1
        guard startsWith(pattern) else { return false }
        advance(pattern.utf8CodeUnitCount)
        return true
    }

    /// Skips the first of the patterns that matches at the position.
    mutating func skip(anyOf patterns: [StaticString]) -> Bool {
        for pattern in patterns where skip(pattern) { return true }
        return false
    }

    mutating func skip(while condition: (UInt8) -> Bool) {
        while position < end, condition(bytes[position]) { advance() }
    }

    /// Spaces and tabs, also the no-break and the narrow ones.
    mutating func skipBlanks() {
        while !isAtEnd, skip(anyOf: [" ", "\t", "\u{A0}", "\u{202F}", "\u{2009}"]) {}
    }

    /// The run of ASCII letters at the position, in lower case; nil if it is empty or longer than `limit`.
    func word(limit: Int = 24) -> String? {
        var length = 0
        while length <= limit, byte(at: length).isLetter { length += 1 }
        guard length > 0, length <= limit else { return nil }
        return String(decoding: bytes[position..<position + length].map { $0.lowercased }, as: UTF8.self)
    }

    func text(from start: Int) -> String { String(decoding: bytes[start..<position], as: UTF8.self) }
}

extension UInt8 {
    var isDigit: Bool { (0x30...0x39).contains(self) }
    var isLetter: Bool { (0x61...0x7A).contains(self | 0x20) }
    var isCapital: Bool { (0x41...0x5A).contains(self) }
    /// Space, tab, line feed, vertical tab, form feed, carriage return.
    var isWhitespace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
    /// `*` and `_`, the marks of bold and italic text.
    var isEmphasis: Bool { self == UInt8(ascii: "*") || self == UInt8(ascii: "_") }
    /// ASCII letters only.
    var lowercased: UInt8 { isCapital ? self | 0x20 : self }
}
