/// An entry of `added_tokens`: a token that encoding searches for in the text before it splits anything.
struct AddedToken: Sendable, Decodable {
    var id: Int
    let content: String
    private let single_word: Bool?
    private let lstrip: Bool?
    private let rstrip: Bool?
    private let normalized: Bool?
    private let special: Bool?

    /// Whether the token matches only where no word character is next to it.
    var isSingleWord: Bool { single_word ?? false }
    /// Whether a match includes the white space before it.
    var stripsLeft: Bool { lstrip ?? false }
    /// Whether a match includes the white space after it.
    var stripsRight: Bool { rstrip ?? false }
    /// Whether the token's normalized content is searched for in the normalized text, instead of both as they are
    /// written.
    var isNormalized: Bool { normalized ?? !isSpecial }
    /// Whether decoding leaves the token out when the caller skips special tokens.
    var isSpecial: Bool { special ?? false }

    /// Whether both tokens have the same flags.
    func hasFlags(of other: AddedToken) -> Bool {
        isSingleWord == other.isSingleWord && stripsLeft == other.stripsLeft
            && stripsRight == other.stripsRight && isNormalized == other.isNormalized && isSpecial == other.isSpecial
    }
}
