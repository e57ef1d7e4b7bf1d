/// Decodes tokens one at a time. Each call returns the text that later tokens cannot change any more, so that a
/// character whose bytes are spread over several tokens is returned once, whole.
///
/// - Invariant: all texts returned so far, followed by that of `finish()`, equal `Tokenizer.decode` of all tokens so
///   far.
package struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecialTokens: Bool
    private var joiner: TokenJoiner
    /// The first bytes of an unfinished character: at most three between calls.
    private var pending: [UInt8] = []

    package init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
        joiner = TokenJoiner(tokenizer.decodingRules)
    }

    /// The text that this token completes, which is empty while a character, or a run of byte tokens, is unfinished.
    package mutating func append(_ id: Int32) -> String {
        joiner.append(tokenizer.token(of: id, skipSpecialTokens: skipSpecialTokens), to: &pending)
        let complete = pending.count - Self.unfinishedCount(pending)
        defer { pending.removeFirst(complete) }
        return String(decoding: pending[..<complete], as: UTF8.self)
    }

    /// The text of the remaining bytes when no more tokens follow: U+FFFD for an unfinished character. The decoder then
    /// starts anew.
    package mutating func finish() -> String {
        joiner.finish(&pending)
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }

    /// The number of bytes at the end that begin a character that more bytes could complete.
    private static func unfinishedCount(_ bytes: [UInt8]) -> Int {
        for count in 1...3 where count <= bytes.count {
            let tail = bytes.suffix(count)
            guard let lead = tail.first, lead & 0xC0 != 0x80 else { continue }
            return canBegin(lead: lead, continuation: tail.dropFirst()) ? count : 0
        }
        return 0
    }

    /// Whether these bytes begin a character and do not complete it.
    ///
    /// - Source: the Unicode Standard, table 3-7, well-formed UTF-8 byte sequences.
    private static func canBegin(lead: UInt8, continuation: ArraySlice<UInt8>) -> Bool {
        let (length, second): (Int, ClosedRange<UInt8>) =
            switch lead {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xE1...0xEF: (3, 0x80...0xBF)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            default: (1, 0x80...0xBF)
            }
        return continuation.count + 1 < length && continuation.first.map(second.contains) ?? true
    }
}
