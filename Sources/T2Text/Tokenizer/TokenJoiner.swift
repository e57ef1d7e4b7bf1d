/// How tokens become text.
enum DecodingRules: Sendable, Equatable {
    /// The bytes of all tokens together are the text.
    case byteLevel
    /// Tokens are texts, in which ▁ is a space.
    ///
    /// - Parameters:
    ///   - readsByteTokens: whether the tokens `<0x00>` to `<0xFF>` are bytes. A run of them that is not UTF-8 becomes
    ///     one U+FFFD for each byte.
    ///   - strippedSpaces: the number of spaces that are left out where the text begins with them.
    case spaceMarks(readsByteTokens: Bool, strippedSpaces: Int)
}

/// Joins the bytes of tokens to the bytes of text, as the tokenizers library does.
struct TokenJoiner: Sendable {
    private let rules: DecodingRules
    /// The bytes of the byte tokens at the end. The token after them decides what becomes of them.
    private var run: [UInt8] = []
    /// The number of spaces that are still to be left out at the start of the text.
    private var strippable: Int

    init(_ rules: DecodingRules) {
        self.rules = rules
        strippable = if case .spaceMarks(_, let spaces) = rules { spaces } else { 0 }
    }

    /// Appends the text that this token completes.
    mutating func append(_ token: ArraySlice<UInt8>, to text: inout [UInt8]) {
        // A token without bytes is one that the tokenizer does not have, or that decoding skips.
        guard !token.isEmpty else { return }
        if case .spaceMarks(readsByteTokens: true, _) = rules, let byte = ByteToken.byte(of: token) {
            run.append(byte)
        } else {
            endRun(&text)
            add(token, to: &text)
        }
    }

    /// Appends the text of the last byte tokens when no more tokens follow. The next token then begins a new text.
    mutating func finish(_ text: inout [UInt8]) {
        endRun(&text)
        self = TokenJoiner(rules)
    }

    private mutating func endRun(_ text: inout [UInt8]) {
        guard !run.isEmpty else { return }
        if String(validating: run, as: UTF8.self) != nil {
            add(run[...], to: &text)
        } else {
            for _ in run { add(UTF8.encodedReplacementCharacter[...], to: &text) }
        }
        run.removeAll(keepingCapacity: true)
    }

    private mutating func add(_ bytes: some Collection<UInt8>, to text: inout [UInt8]) {
        guard strippable > 0 else { return text.append(contentsOf: bytes) }
        let spaces = bytes.prefix(strippable).prefix { $0 == SpaceMark.space }.count
        strippable = spaces == bytes.count ? strippable - spaces : 0
        text.append(contentsOf: bytes.dropFirst(spaces))
    }
}
