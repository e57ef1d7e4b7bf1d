extension TokenizerFile {
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
        /// - Parameter identifier: returns the identifier of a token, or nil if the tokenizer has no such token.
        /// - Throws: `Problem` if the post-processor is no template, or the template uses a token that it does not
        ///   define, or defines with another identifier than the tokenizer.
        func promptPrefix(identifier: (String) -> Int32?) throws -> [Int32] {
            switch type {
            case "ByteLevel": return []
            case "Sequence":
                return try (processors ?? []).reversed().flatMap { try $0.promptPrefix(identifier: identifier) }
            case "TemplateProcessing":
                return try (single ?? []).prefix { $0.Sequence == nil }.compactMap(\.SpecialToken).flatMap { token in
                    guard let ids = special_tokens?[token.id]?.ids else {
                        throw Problem.malformed("post_processor uses '\(token.id)', which it does not define")
                    }
                    if let id = identifier(token.id), ids.count == 1, ids[0] != id {
                        throw Problem.malformed("post_processor gives '\(token.id)' id \(ids[0]), but its id is \(id)")
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
        let pattern: Pattern?
        let content: String?
        let start: Int?
        let stop: Int?

        /// - Throws: `Problem` if the decoder does not undo this spelling.
        static func rules(_ description: DecoderDescription?, for spelling: Spelling) throws -> DecodingRules {
            let steps = description?.flattened ?? []
            let unsupported = Problem.unsupported(
                "decoder '\(steps.isEmpty ? description?.type ?? "null" : steps.map(\.type).joined(separator: ", "))'")
            switch spelling {
            case .byteLevel:
                guard steps.map(\.type) == ["ByteLevel"] else { throw unsupported }
                return .byteLevel
            case .spaceMarks:
                guard let first = steps.first, first.type == "Replace", first.pattern?.String == "▁",
                    first.content == " "
                else { throw unsupported }
                var rest = steps.dropFirst()
                let readsByteTokens = rest.first?.type == "ByteFallback"
                if readsByteTokens { rest.removeFirst() }
                if rest.first?.type == "Fuse" { rest.removeFirst() } else if !rest.isEmpty { throw unsupported }
                var strippedSpaces = 0
                if let strip = rest.popFirst() {
                    guard strip.type == "Strip", strip.content == " ", let start = strip.start, start >= 0,
                        strip.stop == 0
                    else { throw unsupported }
                    strippedSpaces = start
                }
                guard rest.isEmpty else { throw unsupported }
                return .spaceMarks(readsByteTokens: readsByteTokens, strippedSpaces: strippedSpaces)
            }
        }

        private var flattened: [DecoderDescription] {
            type == "Sequence" ? (decoders ?? []).flatMap(\.flattened) : [self]
        }
    }
}
