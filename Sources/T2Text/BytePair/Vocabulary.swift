/// The tokens of a vocabulary, found by their bytes or by their identifiers.
///
/// - Invariant: token `id` has the bytes `bytes[offsets[id]..<offsets[id + 1]]`. An identifier that no token has, has
///   no bytes.
struct Vocabulary: Sendable {
    /// The largest identifier plus 1.
    let size: Int
    /// The number of tokens, which is less than `size` if identifiers are missing.
    let count: Int
    /// The length in bytes of the longest token that text can be encoded as.
    let longestToken: Int
    private let bytes: [UInt8]
    private let offsets: [UInt32]
    /// A hash table with open addressing from a token's bytes to its identifier; -1 marks a free slot. The number of
    /// slots is a power of two.
    private let slots: [Int32]
    /// The keys that spell no text. Encoding never produces these tokens.
    private let literals: [[UInt8]: Int32]
    let spelling: Spelling

    /// One entry of `model.vocab`: the UTF-8 of its key, and its identifier.
    typealias Entry = (key: [UInt8], id: Int32)

    /// - Parameter entries: the identifiers are not negative. A later entry replaces an earlier one with the same key.
    init(entries: [Entry], spelling: Spelling) {
        size = (entries.map { Int($0.id) }.max() ?? -1) + 1
        var tokens = [[UInt8]](repeating: [], count: size)
        var literals: [[UInt8]: Int32] = [:]
        var slots = [Int32](repeating: -1, count: max(2, entries.count * 2).roundedUpToPowerOfTwo)
        var longest = 0
        for (key, id) in entries {
            guard let spelled = spelling.bytes(spelledBy: key) else {
                tokens[Int(id)] = spelling.decoded(key)
                literals[key] = id
                continue
            }
            tokens[Int(id)] = spelled
            longest = max(longest, spelled.count)
            var slot = Int(truncatingIfNeeded: spelled.withUnsafeBufferPointer(hash)) & (slots.count - 1)
            while slots[slot] >= 0, tokens[Int(slots[slot])] != spelled { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = id
        }
        count = slots.count { $0 >= 0 } + literals.count
        offsets = tokens.reduce(into: [0]) { $0.append($0.last! + UInt32($1.count)) }
        bytes = Array(tokens.joined())
        longestToken = longest
        self.slots = slots
        self.literals = literals
        self.spelling = spelling
    }

    /// The bytes that a token stands for, which are empty if there is no such token.
    func bytes(of id: Int) -> ArraySlice<UInt8> {
        guard id >= 0, id < size else { return [] }
        return bytes[Int(offsets[id])..<Int(offsets[id + 1])]
    }

    /// The token that stands for exactly these bytes of text.
    func id(ofBytes word: UnsafeBufferPointer<UInt8>) -> Int32? {
        var slot = Int(truncatingIfNeeded: hash(word)) & (slots.count - 1)
        while slots[slot] >= 0 {
            if equals(Int(slots[slot]), word) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// The token with this key, as the vocabulary spells it.
    func id(ofKey key: [UInt8]) -> Int32? {
        guard let spelled = spelling.bytes(spelledBy: key) else { return literals[key] }
        return spelled.withUnsafeBufferPointer { id(ofBytes: $0) }
    }

    private func equals(_ id: Int, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = Int(offsets[id])
        guard Int(offsets[id + 1]) - start == word.count else { return false }
        for index in 0..<word.count where bytes[start + index] != word[index] { return false }
        return true
    }
}

/// The FNV-1a hash with its high bits folded into its low bits, which select a slot.
private func hash(_ word: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in word { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash ^ hash >> 32
}

extension Int {
    /// The smallest power of two that is not less than this number.
    var roundedUpToPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
