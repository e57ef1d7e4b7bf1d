/// How the keys of a vocabulary spell the text that their tokens stand for.
enum Spelling: Sendable {
    /// Every byte is spelled as a visible character: `ByteAlphabet`.
    case byteLevel
    /// A space is spelled as ▁ (U+2581), as SentencePiece does; every other character stands for itself. Such text
    /// cannot tell ▁ from a space.
    case spaceMarks

    /// The bytes of text that a key spells.
    ///
    /// - Parameter key: valid UTF-8.
    /// - Returns: nil if the key spells no text, because it has a character outside the alphabet.
    func bytes(spelledBy key: [UInt8]) -> [UInt8]? {
        switch self {
        case .byteLevel: ByteAlphabet.bytes(spelledBy: key)
        case .spaceMarks: key.contains(SpaceMark.space) ? nil : SpaceMark.spaces(for: key)
        }
    }

    /// The bytes that decoding returns for a key, which is the key itself if it spells no text.
    func decoded(_ key: [UInt8]) -> [UInt8] {
        switch self {
        case .byteLevel: ByteAlphabet.bytes(spelledBy: key) ?? key
        case .spaceMarks: SpaceMark.spaces(for: key)
        }
    }
}

/// The character ▁ (U+2581), which stands for a space.
enum SpaceMark {
    static let space = UInt8(ascii: " ")
    /// The UTF-8 of ▁.
    static let bytes: [UInt8] = [0xE2, 0x96, 0x81]

    /// Whether a text has a ▁.
    static func isIn(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        text.indices.contains { isMark(text, at: $0) }
    }

    /// The text with a space for every ▁.
    static func spaces(for text: [UInt8]) -> [UInt8] {
        text.withUnsafeBufferPointer { text in
            var result: [UInt8] = []
            result.reserveCapacity(text.count)
            var index = 0
            while index < text.count {
                let isMark = isMark(text, at: index)
                result.append(isMark ? space : text[index])
                index += isMark ? bytes.count : 1
            }
            return result
        }
    }

    private static func isMark(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        text[index] == 0xE2 && index + 2 < text.count && text[index + 1] == 0x96 && text[index + 2] == 0x81
    }
}
