/// Byte-pair encoding of the pieces that pre-tokenization produces. The pair of the lowest rank merges first; among
/// equal pairs the leftmost merges first.
///
/// - Source: Sennrich, Haddow, Birch, "Neural machine translation of rare words with subword units", ACL 2016.
struct BytePairModel: Sendable {
    /// The token that replaces a character without a token, and whether one such token replaces a run of them.
    struct Unknown: Sendable {
        let token: Int32
        let isFused: Bool
    }

    let vocabulary: Vocabulary
    private let merges: MergeTable
    private let ignoresMerges: Bool
    private let symbols: InitialSymbols
    /// Whether merging a token's bytes gives that token, for each token. A piece with the bytes of such a token needs
    /// no merging.
    private var wholeTokens: [Bool] = []
    /// Whether a piece may be merged word by word, a word being spaces and what follows them, because no merge joins a
    /// space to what precedes it.
    private let mergesWordByWord: Bool

    /// - Parameters:
    ///   - ignoresMerges: whether a piece with the bytes of a token becomes that token even if merging would give
    ///     others.
    ///   - unknown: nil drops characters without a token.
    ///   - fallsBackToBytes: whether a character without a token becomes the tokens of its bytes, if there are any.
    init(
        vocabulary: Vocabulary, merges: MergeTable, ignoresMerges: Bool, unknown: Unknown?, fallsBackToBytes: Bool
    ) {
        self.vocabulary = vocabulary
        self.merges = merges
        self.ignoresMerges = ignoresMerges
        symbols = InitialSymbols(vocabulary, unknown: unknown, fallsBackToBytes: fallsBackToBytes)
        mergesWordByWord =
            vocabulary.spelling == .spaceMarks && symbols.hasToken(for: SpaceMark.space)
            && merges.pairs.allSatisfy { left, right in
                vocabulary.bytes(of: Int(right)).first != SpaceMark.space
                    || left != unknown?.token && vocabulary.bytes(of: Int(left)).last == SpaceMark.space
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
        if ignoresMerges {
            if let token = token(of: piece) { return ids.append(token) }
            guard mergesWordByWord else { return merge(piece, into: &ids, scratch: &scratch) }
        }
        guard mergesWordByWord else { return encodeWord(piece, into: &ids, scratch: &scratch) }
        var start = 0
        while start < piece.count {
            var end = start
            while end < piece.count, piece[end] == SpaceMark.space { end += 1 }
            while end < piece.count, piece[end] != SpaceMark.space { end += 1 }
            encodeWord(UnsafeBufferPointer(rebasing: piece[start..<end]), into: &ids, scratch: &scratch)
            start = end
        }
    }

    private func encodeWord(
        _ word: UnsafeBufferPointer<UInt8>, into ids: inout [Int32], scratch: inout BytePairScratch
    ) {
        if let token = token(of: word), wholeTokens[Int(token)] {
            ids.append(token)
        } else {
            merge(word, into: &ids, scratch: &scratch)
        }
    }

    private func token(of piece: UnsafeBufferPointer<UInt8>) -> Int32? {
        piece.count <= vocabulary.longestToken ? vocabulary.id(ofBytes: piece) : nil
    }

    private func merge(_ word: UnsafeBufferPointer<UInt8>, into ids: inout [Int32], scratch: inout BytePairScratch) {
        scratch.symbols.removeAll(keepingCapacity: true)
        symbols.append(word, vocabulary, to: &scratch.symbols)
        // Scanning for the lowest rank is faster than a heap for short words, and nearly all words are short.
        if scratch.symbols.count <= 48 {
            scratch.mergeByScanning(merges)
        } else {
            scratch.mergeByHeap(merges)
        }
        ids.append(contentsOf: scratch.symbols)
    }
}
