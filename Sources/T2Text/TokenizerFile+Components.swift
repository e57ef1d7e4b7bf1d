/// `normalizer`.
struct NormalizerDescription: Decodable {
    let type: String
    let normalizers: [NormalizerDescription]?

    /// Whether text is brought into normalization form C.
    ///
    /// - Throws: `TokenizerFile.Problem` for any other normalizer.
    func composesCanonically() throws -> Bool {
        switch type {
        case "NFC": true
        case "Sequence": try (normalizers ?? []).map { try $0.composesCanonically() }.contains(true)
        default: throw TokenizerFile.Problem.unsupported("normalizer '\(type)'")
        }
    }
}

/// `pre_tokenizer`.
struct PreTokenizerDescription: Decodable {
    struct Pattern: Decodable { let Regex: String? }

    let type: String
    let pretokenizers: [PreTokenizerDescription]?
    let pattern: Pattern?
    let behavior: String?
    let invert: Bool?
    let add_prefix_space: Bool?
    let use_regex: Bool?
    let individual_digits: Bool?

    /// What to do, up to the mapping of bytes to visible characters, which the vocabulary is read without.
    ///
    /// - Throws: `TokenizerFile.Problem` if a part is unsupported or that mapping is not the last one.
    static func steps(_ description: PreTokenizerDescription?) throws -> [PreTokenizer.Step] {
        let parts = description?.flattened ?? []
        guard parts.last?.type == "ByteLevel" else {
            throw TokenizerFile.Problem.unsupported("pre-tokenizer '\(parts.last?.type ?? "null")' as the last step")
        }
        return try parts.enumerated().flatMap { try $1.steps(isLast: $0 == parts.count - 1) }
    }

    private var flattened: [PreTokenizerDescription] {
        type == "Sequence" ? (pretokenizers ?? []).flatMap(\.flattened) : [self]
    }

    private func steps(isLast: Bool) throws -> [PreTokenizer.Step] {
        switch type {
        case "ByteLevel" where isLast:
            let prefix: [PreTokenizer.Step] = add_prefix_space ?? true ? [.prefixSpace] : []
            return prefix + (use_regex ?? true ? [.split(.gpt2)] : [])
        case "Digits": return [.digits(individually: individual_digits ?? false)]
        case "Split":
            guard behavior == "Isolated", invert != true else {
                let found = "Split with behavior '\(behavior ?? "absent")'\(invert == true ? ", inverted" : "")"
                throw TokenizerFile.Problem.unsupported("pre-tokenizer \(found)")
            }
            guard let expression = pattern?.Regex else {
                throw TokenizerFile.Problem.unsupported("pre-tokenizer Split without a regular expression")
            }
            guard let pattern = try? SplitPattern(expression) else {
                throw TokenizerFile.Problem.unsupported("the split pattern '\(expression)'")
            }
            return [.split(pattern)]
        default: throw TokenizerFile.Problem.unsupported("pre-tokenizer '\(type)'")
        }
    }
}

/// `post_processor`.
struct PostProcessorDescription: Decodable {
    struct Piece: Decodable {
        struct Reference: Decodable { let id: String }
        let SpecialToken: Reference?
        let Sequence: Reference?
    }

    struct SpecialToken: Decodable { let ids: [Int32] }

    let type: String
    let processors: [PostProcessorDescription]?
    let single: [Piece]?
    let special_tokens: [String: SpecialToken]?

    /// The tokens that the template puts before a single text.
    ///
    /// - Throws: `TokenizerFile.Problem` for other post-processors than templates, or a template naming an undefined token.
    func promptPrefix() throws -> [Int32] {
        switch type {
        case "ByteLevel": return []
        case "Sequence": return try (processors ?? []).reversed().flatMap { try $0.promptPrefix() }
        case "TemplateProcessing":
            return try (single ?? []).prefix { $0.Sequence == nil }.compactMap(\.SpecialToken).flatMap { token in
                guard let ids = special_tokens?[token.id]?.ids else {
                    throw TokenizerFile.Problem.malformed("post_processor uses '\(token.id)', which it does not define")
                }
                return ids
            }
        default: throw TokenizerFile.Problem.unsupported("post-processor '\(type)'")
        }
    }
}

/// `decoder`.
struct DecoderDescription: Decodable {
    let type: String
    let decoders: [DecoderDescription]?

    /// - Throws: `TokenizerFile.Problem` unless tokens are decoded as bytes.
    static func check(_ description: DecoderDescription?) throws {
        guard description?.isByteLevel == true else {
            throw TokenizerFile.Problem.unsupported("decoder '\(description?.type ?? "null")'")
        }
    }

    private var isByteLevel: Bool {
        type == "ByteLevel" || type == "Sequence" && decoders?.count == 1 && decoders?[0].isByteLevel == true
    }
}
