/// The flags of an added token as a file gives them. Where it does not give one, the tokenizers library's default holds.
package struct TokenFlags: Sendable, Equatable, Decodable {
    package var single_word: Bool?
    package var lstrip: Bool?
    package var rstrip: Bool?
    package var normalized: Bool?
    package var special: Bool?

    package init(normalized: Bool? = nil, special: Bool? = nil) {
        self.normalized = normalized
        self.special = special
    }
}

extension TokenFlags {
    /// Whether the token matches only where no word character is next to it.
    package var isSingleWord: Bool { single_word ?? false }
    /// Whether a match includes the white space before it.
    package var stripsLeft: Bool { lstrip ?? false }
    /// Whether a match includes the white space after it.
    package var stripsRight: Bool { rstrip ?? false }
    /// Whether the token's normalized content is searched for in the normalized text, instead of both as they are
    /// written.
    package var isNormalized: Bool { normalized ?? !isSpecial }
    /// Whether decoding leaves the token out when the caller skips special tokens.
    package var isSpecial: Bool { special ?? false }

    /// The flags in the order of their names, such as `lrsn*`.
    fileprivate var letters: String {
        let flags = [
            (stripsLeft, "l"), (stripsRight, "r"), (isSingleWord, "s"), (isNormalized, "n"), (isSpecial, "*"),
        ]
        return flags.compactMap { $0 ? $1 : nil }.joined()
    }
}

/// A token that a file beside `tokenizer.json` declares: its text alone, or with flags.
package struct DeclaredToken: Sendable, Equatable, Decodable {
    package let content: String
    /// Nil for a text alone.
    package var flags: TokenFlags?

    package init(_ content: String, _ flags: TokenFlags? = nil) {
        self.content = content
        self.flags = flags
    }

    /// The UTF-8 of the text. Texts are compared by it, since `String` treats canonically equivalent ones as equal.
    package var key: [UInt8] { Array(content.utf8) }

    package static func == (first: DeclaredToken, second: DeclaredToken) -> Bool {
        first.key == second.key && first.flags == second.flags
    }

    package init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            self.init(text)
        } else {
            struct Content: Decodable { let content: String }
            self.init(try Content(from: decoder).content, try TokenFlags(from: decoder))
        }
    }

    var canonicalDescription: String { "\(content)\u{0}\(flags?.letters ?? "text")\u{0}" }
}
