/// Byte-pair encoding of the pieces that pre-tokenization produces. The pair of the lowest rank merges first; among
/// equal pairs the leftmost merges first.
///
/// - Source: Sennrich, Haddow, Birch, "Neural machine translation of rare words with subword units", ACL 2016; applied
///   to bytes.
struct BytePairModel: Sendable {
    let vocabulary: Vocabulary
    private let merges: MergeTable
    /// The token of each byte, or -1 if the vocabulary has none.
    private let byteTokens: [Int32]
    private let unknown: (token: Int32, fused: Bool)?
    /// Whether merging a token's bytes gives that token, for each token. A piece with the bytes of such a token needs
    /// no merging.
    private var wholeTokens: [Bool] = []

    /// - Parameters:
    ///   - ignoresMerges: whether a piece with the bytes of a token becomes that token even if merging would give
    ///     others.
    ///   - unknown: the token that replaces a byte without a token, and whether one such token replaces a run of them.
    ///     Nil drops such bytes.
    init(vocabulary: Vocabulary, merges: MergeTable, ignoresMerges: Bool, unknown: (token: Int32, fused: Bool)?) {
        self.vocabulary = vocabulary
        self.merges = merges
        self.unknown = unknown
        byteTokens = (UInt8.min...UInt8.max).map { byte in
            withUnsafeBytes(of: byte) { vocabulary.id(ofBytes: $0.assumingMemoryBound(to: UInt8.self)) ?? -1 }
        }
        guard !ignoresMerges else {
            wholeTokens = Array(repeating: true, count: vocabulary.size)
            return
        }
        var scratch = BytePairScratch()
        wholeTokens = (0..<vocabulary.size).map { id in
            var ids: [Int32] = []
            vocabulary.bytes(of: id).withUnsafeBufferPointer { merge($0, into: &ids, scratch: &scratch) }
            return ids == [Int32(id)]
        }
    }

    /// Appends the tokens of one piece.
    ///
    /// - Cost: O(n log n) time for n bytes.
    func encode(_ piece: UnsafeBufferPointer<UInt8>, into ids: inout [Int32], scratch: inout BytePairScratch) {
        if piece.count <= vocabulary.longestToken, let token = vocabulary.id(ofBytes: piece), wholeTokens[Int(token)] {
            ids.append(token)
        } else {
            merge(piece, into: &ids, scratch: &scratch)
        }
    }

    private func merge(_ piece: UnsafeBufferPointer<UInt8>, into ids: inout [Int32], scratch: inout BytePairScratch) {
        scratch.symbols.removeAll(keepingCapacity: true)
        var followsUnknown = false
        for byte in piece {
            let token = byteTokens[Int(byte)]
            if token >= 0 {
                scratch.symbols.append(token)
            } else if let unknown, !(unknown.fused && followsUnknown) {
                scratch.symbols.append(unknown.token)
            }
            followsUnknown = token < 0
        }
        // Scanning for the lowest rank is faster than a heap for short pieces, and nearly all pieces are short.
        if scratch.symbols.count <= 48 {
            scratch.mergeByScanning(merges)
        } else {
            scratch.mergeByHeap(merges)
        }
        ids.append(contentsOf: scratch.symbols)
    }
}
