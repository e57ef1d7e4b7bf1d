/// The spelling of bytes as visible characters in byte-level vocabularies: a printable Latin-1 character stands for its
/// own byte, and the other 68 bytes are spelled with the characters from U+0100 on, in order.
///
/// - Source: GPT-2's `bytes_to_unicode`.
enum ByteAlphabet {
    /// The bytes that a vocabulary key spells.
    ///
    /// - Parameter key: valid UTF-8.
    /// - Returns: nil if the key has a character outside the alphabet.
    static func bytes(spelledBy key: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(key.count)
        for scalar in String(decoding: key, as: UTF8.self).unicodeScalars {
            let value = Int(scalar.value)
            if value < 0x100 {
                guard isVisible(UInt8(value)) else { return nil }
                result.append(UInt8(value))
            } else {
                guard value - 0x100 < hidden.count else { return nil }
                result.append(hidden[value - 0x100])
            }
        }
        return result
    }

    private static let hidden = (UInt8.min...UInt8.max).filter { !isVisible($0) }

    private static func isVisible(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: true
        default: false
        }
    }
}
