/// The tokens that merging starts from: one for each byte of text in a byte-level vocabulary, and one for each character
/// in other vocabularies.
struct InitialSymbols: Sendable {
    /// The token of each text of one byte, or -1 if the vocabulary has none.
    private let single: [Int32]
    /// The token `<0x00>` to `<0xFF>` of each byte, which characters without a token become; -1 if there is none.
    private let fallback: [Int32]
    private let unknown: BytePairModel.Unknown?

    init(_ vocabulary: Vocabulary, unknown: BytePairModel.Unknown?, fallsBackToBytes: Bool) {
        single = (UInt8.min...UInt8.max).map { byte in
            withUnsafeBytes(of: byte) { vocabulary.id(ofBytes: $0.assumingMemoryBound(to: UInt8.self)) ?? -1 }
        }
        fallback = (UInt8.min...UInt8.max).map { byte in
            fallsBackToBytes ? vocabulary.id(ofKey: ByteToken.key(of: byte)) ?? -1 : -1
        }
        self.unknown = unknown
    }

    /// Whether the vocabulary has a token of this byte alone.
    func hasToken(for byte: UInt8) -> Bool { single[Int(byte)] >= 0 }

    /// Appends the tokens of a word.
    func append(_ word: UnsafeBufferPointer<UInt8>, _ vocabulary: Vocabulary, to symbols: inout [Int32]) {
        // As in the tokenizers library, the unknown token of a character is appended when the next token of a character
        // is, and so after the tokens of bytes that stand between the two.
        var isUnknownPending = false
        var index = 0
        while index < word.count {
            let length = vocabulary.spelling == .byteLevel ? 1 : Self.length(ofCharacter: word[index])
            let character = UnsafeBufferPointer(rebasing: word[index..<index + length])
            let token = length == 1 ? single[Int(character[0])] : vocabulary.id(ofBytes: character) ?? -1
            index += length
            if token >= 0 {
                if isUnknownPending, let unknown { symbols.append(unknown.token) }
                isUnknownPending = false
                symbols.append(token)
            } else if !appendFallback(of: character, to: &symbols), let unknown {
                if isUnknownPending, !unknown.isFused { symbols.append(unknown.token) }
                isUnknownPending = true
            }
        }
        if isUnknownPending, let unknown { symbols.append(unknown.token) }
    }

    /// Appends the tokens of a character's bytes, unless one of them is missing.
    private func appendFallback(of character: UnsafeBufferPointer<UInt8>, to symbols: inout [Int32]) -> Bool {
        // In a vocabulary that falls back to bytes, a space is spelled as ▁.
        guard character[0] != SpaceMark.space else {
            return SpaceMark.bytes.withUnsafeBufferPointer { appendFallback(of: $0, to: &symbols) }
        }
        guard character.allSatisfy({ fallback[Int($0)] >= 0 }) else { return false }
        for byte in character { symbols.append(fallback[Int(byte)]) }
        return true
    }

    private static func length(ofCharacter first: UInt8) -> Int {
        switch first {
        case ..<0x80: 1
        case ..<0xE0: 2
        case ..<0xF0: 3
        default: 4
        }
    }
}

/// The tokens `<0x00>` to `<0xFF>`, each of which stands for a byte.
enum ByteToken {
    static func key(of byte: UInt8) -> [UInt8] {
        let digits = String(byte, radix: 16, uppercase: true)
        return Array("<0x\(byte < 16 ? "0" : "")\(digits)>".utf8)
    }

    /// The byte that a token stands for, or nil for all other tokens.
    static func byte(of token: ArraySlice<UInt8>) -> UInt8? {
        guard token.count == 6, token.last == UInt8(ascii: ">"), token.starts(with: "<0x".utf8) else { return nil }
        return UInt8(String(decoding: token.dropFirst(3).dropLast(), as: UTF8.self), radix: 16)
    }
}
