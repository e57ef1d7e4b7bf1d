/// Finds added tokens in text. Where several match, the leftmost wins, and among those at one position the longest.
struct AddedTokenFinder: Sendable {
    enum Section {
        case text(UnsafeBufferPointer<UInt8>)
        case token(Int32)
    }

    private struct Candidate: Sendable {
        let content: [UInt8]
        let token: AddedToken
    }

    /// Indexed by first byte; the longest candidates come first.
    private let candidates: [[Candidate]]
    private let isEmpty: Bool
    /// Whether one of the tokens is special.
    let hasSpecialTokens: Bool

    /// - Parameter tokens: each token with the bytes to search for.
    init(_ tokens: [(token: AddedToken, content: [UInt8])]) {
        var candidates = [[Candidate]](repeating: [], count: 256)
        for (token, content) in tokens {
            guard let first = content.first else { continue }
            candidates[Int(first)].append(Candidate(content: content, token: token))
        }
        self.candidates = candidates.map { $0.sorted { $0.content.count > $1.content.count } }
        isEmpty = candidates.allSatisfy(\.isEmpty)
        hasSpecialTokens = candidates.joined().contains { $0.token.isSpecial }
    }

    /// Calls `body` with each token found and each non-empty stretch of text between tokens, in order.
    ///
    /// - Parameter content: the stretches of the text in which special tokens are not found.
    func forEachSection(
        of text: UnsafeBufferPointer<UInt8>, besides content: ContentRanges = ContentRanges(), _ body: (Section) -> Void
    ) {
        guard !isEmpty else { return body(.text(text)) }
        let reader = ScalarReader(text)
        var sectionStart = 0
        var index = 0
        while index < text.count {
            guard let found = candidate(in: text, at: index, content) else {
                index += 1
                continue
            }
            let end = index + found.content.count
            guard !found.token.isSingleWord || reader.isWordBoundary(from: index, to: end) else {
                index = end
                continue
            }
            let start = found.token.stripsLeft ? reader.startOfSpace(before: index, notBefore: sectionStart) : index
            if start > sectionStart { body(.text(UnsafeBufferPointer(rebasing: text[sectionStart..<start]))) }
            body(.token(Int32(found.token.id)))
            index = found.token.stripsRight ? reader.endOfRun(of: .whitespace, from: end) : end
            sectionStart = index
        }
        if sectionStart < text.count { body(.text(UnsafeBufferPointer(rebasing: text[sectionStart...]))) }
    }

    private func candidate(
        in text: UnsafeBufferPointer<UInt8>, at index: Int, _ content: ContentRanges
    ) -> Candidate? {
        candidates[Int(text[index])].first {
            text[index...].starts(with: $0.content)
                && !($0.token.isSpecial && content.overlaps(index..<index + $0.content.count))
        }
    }
}

/// The finders for a tokenizer's two passes: over the text as it is written, then over the normalized text.
struct AddedTokens: Sendable {
    let written: AddedTokenFinder
    let normalized: AddedTokenFinder

    /// - Parameter tokens: each token with the bytes to search for.
    init(_ tokens: [(token: AddedToken, content: [UInt8])]) {
        written = AddedTokenFinder(tokens.filter { !$0.token.isNormalized })
        normalized = AddedTokenFinder(tokens.filter(\.token.isNormalized))
    }
}

extension ScalarReader {
    fileprivate func isWordBoundary(from start: Int, to end: Int) -> Bool {
        if let before = scalar(before: start)?.scalar, before.isWordCharacter { return false }
        return end == self.end || !scalar(at: end).scalar.isWordCharacter
    }

    fileprivate func startOfSpace(before index: Int, notBefore limit: Int) -> Int {
        var index = index
        while index > limit, let (scalar, start) = scalar(before: index), scalar.properties.isWhitespace {
            index = start
        }
        return index
    }
}
