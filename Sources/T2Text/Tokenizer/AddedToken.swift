/// An entry of `added_tokens`: a token that encoding searches for in the text before it splits anything.
struct AddedToken: Sendable, Decodable {
    let id: Int
    let content: String
    /// Whether the token matches only where no word character is next to it.
    let singleWord: Bool
    /// Whether a match includes the white space before it.
    let stripsLeft: Bool
    /// Whether a match includes the white space after it.
    let stripsRight: Bool
    /// Whether the token's normalized content is searched for in the normalized text, instead of both as they are
    /// written.
    let normalized: Bool
    /// Whether decoding leaves the token out when the caller skips special tokens.
    let special: Bool

    private enum CodingKeys: String, CodingKey {
        case id, content, normalized, special
        case singleWord = "single_word"
        case stripsLeft = "lstrip"
        case stripsRight = "rstrip"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func flag(_ key: CodingKeys) throws -> Bool? { try container.decodeIfPresent(Bool.self, forKey: key) }
        id = try container.decode(Int.self, forKey: .id)
        content = try container.decode(String.self, forKey: .content)
        singleWord = try flag(.singleWord) ?? false
        stripsLeft = try flag(.stripsLeft) ?? false
        stripsRight = try flag(.stripsRight) ?? false
        special = try flag(.special) ?? false
        normalized = try flag(.normalized) ?? !special
    }
}
