/// Finds added tokens in text. Where several match, the leftmost wins, and among those at one position the longest.
struct AddedTokenFinder: Sendable {
    enum Section {
        case text(UnsafeBufferPointer<UInt8>)
        case token(Int32)
    }

    /// The tokens of the file that text can be searched for.
    private let tokens: [AddedToken]
    /// Whether a space is white space to tokens that take in what surrounds them.
    private let stripsSpaces: Bool
    private var trie = Trie()

    /// Whether one of the tokens is special.
    let hasSpecialTokens: Bool

    /// - Parameters:
    ///   - tokens: each token with the bytes to search for. Where several have the same bytes, a special token is
    ///     found, and otherwise the first.
    ///   - stripsSpaces: false in text in which a space stands for ▁.
    init(_ tokens: [(token: AddedToken, content: [UInt8])], stripsSpaces: Bool) {
        self.tokens = tokens.map(\.token)
        self.stripsSpaces = stripsSpaces
        hasSpecialTokens = tokens.contains { $0.token.isSpecial }
        for special in [true, false] {
            for (index, (token, content)) in tokens.enumerated() where token.isSpecial == special {
                trie.insert(content, Int32(index))
            }
        }
    }

    /// Calls `body` with each token found and each non-empty stretch of text between tokens, in order.
    ///
    /// - Parameter content: the stretches of the text in which special tokens are not found.
    /// - Cost: O(n · m) time for n bytes of text and m bytes in the longest token.
    func forEachSection(
        of text: UnsafeBufferPointer<UInt8>, besides content: ContentRanges = ContentRanges(), _ body: (Section) -> Void
    ) {
        guard !tokens.isEmpty else { return body(.text(text)) }
        let reader = ScalarReader(text)
        var sectionStart = 0
        // The end of the run of white space that a match took in last.
        var spaceEnd = 0
        var index = 0
        while index < text.count {
            let match = trie.longestMatch(in: text, at: index) { found, end in
                !(tokens[Int(found)].isSpecial && content.overlaps(index..<end))
            }
            guard let (found, end) = match else {
                index += 1
                continue
            }
            let token = tokens[Int(found)]
            guard !token.flags.isSingleWord || reader.isWordBoundary(from: index, to: end) else {
                index = end
                continue
            }
            let start = token.flags.stripsLeft ? startOfSpace(before: index, notBefore: sectionStart, reader) : index
            if start > sectionStart { body(.text(UnsafeBufferPointer(rebasing: text[sectionStart..<start]))) }
            var stop = end
            if token.flags.stripsRight {
                stop = end < spaceEnd ? spaceEnd : endOfSpace(from: end, reader)
                spaceEnd = stop
            }
            if start < stop { body(.token(Int32(token.id))) }
            sectionStart = stop
            // As in the tokenizers library, the white space that a match takes in may hold further tokens, unless they take
            // in the white space before them.
            index = end
        }
        if sectionStart < text.count { body(.text(UnsafeBufferPointer(rebasing: text[sectionStart...]))) }
    }

    private func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace && (stripsSpaces || scalar != " ")
    }

    private func startOfSpace(before index: Int, notBefore limit: Int, _ reader: ScalarReader) -> Int {
        var index = max(index, limit)
        while index > limit, let (scalar, start) = reader.scalar(before: index), isSpace(scalar) { index = start }
        return index
    }

    private func endOfSpace(from index: Int, _ reader: ScalarReader) -> Int {
        var index = index
        while index < reader.end, case let (scalar, next) = reader.scalar(at: index), isSpace(scalar) { index = next }
        return index
    }
}

/// A tree of byte strings, each with a value that is not negative.
private struct Trie: Sendable {
    /// The node of each first byte, or -1.
    private var roots = [Int32](repeating: -1, count: 256)
    /// The node's last byte, the value of the string that ends at it, its first child, and its next sibling, each -1 if
    /// there is none.
    private var nodes: [(byte: UInt8, value: Int32, child: Int32, sibling: Int32)] = []

    /// Adds a string, unless it is empty or there already.
    mutating func insert(_ string: [UInt8], _ value: Int32) {
        guard let first = string.first else { return }
        if roots[Int(first)] < 0 { roots[Int(first)] = add(first, sibling: -1) }
        var node = Int(roots[Int(first)])
        for byte in string.dropFirst() {
            var child = nodes[node].child
            while child >= 0, nodes[Int(child)].byte != byte { child = nodes[Int(child)].sibling }
            if child < 0 {
                child = add(byte, sibling: nodes[node].child)
                nodes[node].child = child
            }
            node = Int(child)
        }
        if nodes[node].value < 0 { nodes[node].value = value }
    }

    private mutating func add(_ byte: UInt8, sibling: Int32) -> Int32 {
        nodes.append((byte, -1, -1, sibling))
        return Int32(nodes.count - 1)
    }

    /// The value of the longest string that begins at an index and is accepted, and the index at which it ends.
    func longestMatch(
        in text: UnsafeBufferPointer<UInt8>, at index: Int, accepting isAccepted: (Int32, Int) -> Bool
    ) -> (value: Int32, end: Int)? {
        var node = roots[Int(text[index])]
        var end = index
        var found: (value: Int32, end: Int)?
        while node >= 0 {
            end += 1
            let (_, value, child, _) = nodes[Int(node)]
            if value >= 0, isAccepted(value, end) { found = (value, end) }
            node = child
            guard end < text.count else { break }
            while node >= 0, nodes[Int(node)].byte != text[end] { node = nodes[Int(node)].sibling }
        }
        return found
    }
}

/// The finders for a tokenizer's two passes: over the text as it is written, then over the normalized text.
struct AddedTokens: Sendable {
    let written: AddedTokenFinder
    let normalized: AddedTokenFinder

    /// - Parameters:
    ///   - tokens: each token with the bytes to search for.
    ///   - marksSpaces: whether a space stands for ▁ in the normalized text.
    init(_ tokens: [(token: AddedToken, content: [UInt8])], marksSpaces: Bool) {
        written = AddedTokenFinder(tokens.filter { !$0.token.flags.isNormalized }, stripsSpaces: true)
        normalized = AddedTokenFinder(tokens.filter(\.token.flags.isNormalized), stripsSpaces: !marksSpaces)
    }
}

extension ScalarReader {
    fileprivate func isWordBoundary(from start: Int, to end: Int) -> Bool {
        if let before = scalar(before: start)?.scalar, before.isWordCharacter { return false }
        return end == self.end || !scalar(at: end).scalar.isWordCharacter
    }
}
