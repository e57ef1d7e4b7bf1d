extension TokenizerFile {
    /// A pattern, as normalizers, pre-tokenizers and decoders name it.
    struct Pattern: Decodable {
        let Regex: String?
        let String: String?
    }

    /// The section `normalizer`.
    struct NormalizerDescription: Decodable {
        let type: String
        let normalizers: [NormalizerDescription]?
        let prepend: String?
        let pattern: Pattern?
        let content: String?

        /// - Throws: `Problem` for an unsupported normalizer.
        func steps() throws -> [Normalizer.Step] {
            switch type {
            case "NFC": return [.normalizationFormC]
            case "Sequence": return try (normalizers ?? []).flatMap { try $0.steps() }
            case "Prepend":
                guard prepend == "▁" else {
                    throw Problem.unsupported("normalizer Prepend with '\(prepend ?? "")'")
                }
                return [.prependSpace]
            case "Replace":
                guard pattern?.String == " ", content == "▁" else {
                    let found = pattern?.String ?? pattern?.Regex ?? ""
                    throw Problem.unsupported("normalizer Replace of '\(found)' by '\(content ?? "")'")
                }
                return [.spaceMarks]
            default: throw Problem.unsupported("normalizer '\(type)'")
            }
        }
    }

    /// The section `pre_tokenizer`.
    struct PreTokenizerDescription: Decodable {
        let type: String
        let pretokenizers: [PreTokenizerDescription]?
        let pattern: Pattern?
        let behavior: String?
        let invert: Bool?
        let add_prefix_space: Bool?
        let use_regex: Bool?
        let individual_digits: Bool?
        let replacement: String?
        let prepend_scheme: String?
        let split: Bool?

        /// The steps that split text, and the spelling of the pieces. In byte-level tokenizers the mapping of bytes to
        /// visible characters, always the last step of the section, is left out: `Vocabulary` undoes it when it is read.
        ///
        /// - Throws: `Problem` if a step is unsupported, that mapping is not the last step, or a tokenizer of another
        ///   kind does not write spaces as ▁.
        static func steps(
            _ description: PreTokenizerDescription?, after normalizer: Normalizer
        ) throws -> (steps: [PreTokenizer.Step], spelling: Spelling) {
            let parts = description?.flattened ?? []
            if parts.isEmpty, normalizer.marksSpaces { return ([], .spaceMarks) }
            if parts.count == 1, parts[0].type == "Metaspace" {
                try check(normalizer, isFollowedBy: "Metaspace")
                return (try parts[0].metaspaceSteps(), .spaceMarks)
            }
            guard parts.last?.type == "ByteLevel" else {
                throw Problem.unsupported("pre-tokenizer '\(parts.last?.type ?? "null")' as the last step")
            }
            try check(normalizer, isFollowedBy: "ByteLevel")
            let steps = try parts.enumerated().flatMap { try $1.steps(isLast: $0 == parts.count - 1) }
            return (steps, .byteLevel)
        }

        private static func check(_ normalizer: Normalizer, isFollowedBy preTokenizer: String) throws {
            guard normalizer.steps.allSatisfy({ $0 == .normalizationFormC }) else {
                throw Problem.unsupported(
                    "normalizer '\(normalizer.marksSpaces ? "Replace" : "Prepend")' before pre-tokenizer \(preTokenizer)"
                )
            }
        }

        private var flattened: [PreTokenizerDescription] {
            type == "Sequence" ? (pretokenizers ?? []).flatMap(\.flattened) : [self]
        }

        private func metaspaceSteps() throws -> [PreTokenizer.Step] {
            guard replacement == "▁" else {
                throw Problem.unsupported("pre-tokenizer Metaspace with replacement '\(replacement ?? "absent")'")
            }
            let scheme = prepend_scheme ?? "always"
            guard add_prefix_space ?? true || scheme == "never" else {
                throw Problem.malformed("Metaspace has prepend_scheme '\(scheme)', but add_prefix_space false")
            }
            let end: [PreTokenizer.Step] = split ?? true ? [.splitAtSpaces] : []
            switch scheme {
            case "always": return [.spaceMarks, .prefixSpace(onlyAtStart: false)] + end
            case "first": return [.spaceMarks, .prefixSpace(onlyAtStart: true)] + end
            case "never": return [.spaceMarks] + end
            default: throw Problem.unsupported("pre-tokenizer Metaspace with prepend_scheme '\(scheme)'")
            }
        }

        private func steps(isLast: Bool) throws -> [PreTokenizer.Step] {
            switch type {
            case "ByteLevel" where isLast:
                let prefix: [PreTokenizer.Step] = add_prefix_space ?? true ? [.prefixSpace(onlyAtStart: false)] : []
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
                return [.split(try SplitPattern(expression))]
            default: throw Problem.unsupported("pre-tokenizer '\(type)'")
            }
        }
    }
}
