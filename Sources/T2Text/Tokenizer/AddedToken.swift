import T2Formats

/// A token that encoding searches for in the text before it splits anything.
struct AddedToken: Sendable {
    /// As `added_tokens` of `tokenizer.json` gives it, and then as the tokenizer does.
    var id: Int
    let content: String
    private(set) var flags: TokenFlags
    /// Whether decoding leaves the token out when the caller skips special tokens.
    private(set) var isSpecial: Bool

    init(_ content: String, _ flags: TokenFlags, id: Int = -1) {
        (self.id, self.content, self.flags) = (id, content, flags)
        isSpecial = flags.isSpecial
    }

    /// A token that another file declares by its text alone is special.
    init(_ token: DeclaredToken) { self.init(token.content, token.flags ?? TokenFlags(special: true)) }

    var key: [UInt8] { Array(content.utf8) }

    /// The same token as a special one.
    var special: AddedToken {
        var flags = flags
        flags.special = true
        return AddedToken(content, flags, id: id)
    }

    /// Gives the token other flags. As in the tokenizers library, decoding goes on to skip what was special once.
    mutating func update(_ flags: TokenFlags) {
        self.flags = flags
        isSpecial = isSpecial || flags.isSpecial
    }
}

extension AddedToken: Decodable {
    private enum CodingKeys: CodingKey { case id, content }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            try container.decode(String.self, forKey: .content), try TokenFlags(from: decoder),
            id: try container.decode(Int.self, forKey: .id))
    }
}
