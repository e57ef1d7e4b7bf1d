extension TokenizerFile {
    /// The section `normalizer`.
    struct NormalizerDescription: Decodable {
        let type: String
        let normalizers: [NormalizerDescription]?

        /// Whether text is brought into normalization form C.
        ///
        /// - Throws: `Problem` for any other normalizer.
        func normalizes() throws -> Bool {
            switch type {
            case "NFC": true
            case "Sequence": try (normalizers ?? []).map { try $0.normalizes() }.contains(true)
            default: throw Problem.unsupported("normalizer '\(type)'")
            }
        }
    }

    /// The section `pre_tokenizer`.
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

        /// The steps that split text. The mapping of bytes to visible characters, always the last step of the section,
        /// is left out: `Vocabulary` undoes it when it is read.
        ///
        /// - Throws: `Problem` if a step is unsupported or that mapping is not the last step.
        static func steps(_ description: PreTokenizerDescription?) throws -> [PreTokenizer.Step] {
            let parts = description?.flattened ?? []
            guard parts.last?.type == "ByteLevel" else {
                throw Problem.unsupported("pre-tokenizer '\(parts.last?.type ?? "null")' as the last step")
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
                    throw Problem.unsupported("pre-tokenizer \(found)")
                }
                guard let expression = pattern?.Regex else {
                    throw Problem.unsupported("pre-tokenizer Split without a regular expression")
                }
                guard let pattern = try? SplitPattern(expression) else {
                    throw Problem.unsupported("the split pattern '\(expression)'")
                }
                return [.split(pattern)]
            default: throw Problem.unsupported("pre-tokenizer '\(type)'")
            }
        }
    }

    /// The section `post_processor`.
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
        /// - Throws: `Problem` if the post-processor is no template, or the template uses a token that it does not
        ///   define.
        func promptPrefix() throws -> [Int32] {
            switch type {
            case "ByteLevel": return []
            case "Sequence": return try (processors ?? []).reversed().flatMap { try $0.promptPrefix() }
            case "TemplateProcessing":
                return try (single ?? []).prefix { $0.Sequence == nil }.compactMap(\.SpecialToken).flatMap { token in
                    guard let ids = special_tokens?[token.id]?.ids else {
                        throw Problem.malformed("post_processor uses '\(token.id)', which it does not define")
                    }
                    return ids
                }
            default: throw Problem.unsupported("post-processor '\(type)'")
            }
        }
    }

    /// The section `decoder`.
    struct DecoderDescription: Decodable {
        let type: String
        let decoders: [DecoderDescription]?

        /// Checks that tokens are decoded as bytes.
        ///
        /// - Throws: `Problem` if they are not.
        static func check(_ description: DecoderDescription?) throws {
            guard description?.isByteLevel == true else {
                throw Problem.unsupported("decoder '\(description?.type ?? "null")'")
            }
        }

        private var isByteLevel: Bool {
            type == "ByteLevel" || type == "Sequence" && decoders?.count == 1 && decoders?[0].isByteLevel == true
        }
    }
}
