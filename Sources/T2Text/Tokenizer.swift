import T2Core

/// Text to token identifiers and back, as Hugging Face's tokenizers library does it for byte-level BPE.
package final class Tokenizer: Sendable {
    package let path: String
    /// Largest identifier + 1, over the model's vocabulary and the added tokens.
    package let vocabularySize: Int
    /// The tokens that the post-processor puts before a single text, such as the beginning-of-sequence token.
    package let promptPrefix: [Int32]
    private let model: BytePairModel
    private let preTokenizer: PreTokenizer
    private let composesCanonically: Bool
    private let addedTokens: AddedTokens
    /// Without the special ones, which a prompt's own text must not be able to write.
    private let ordinaryTokens: AddedTokens
    private let addedIdentifiers: [[UInt8]: Int32]
    private let addedBytes: [Int32: [UInt8]]
    private let specialTokens: Set<Int32>
    /// How prompts are put to a chat model; nil for a model that completes text.
    package let chatTemplate: ChatTemplate?
    /// Why the chat template that is there cannot be used: it matters to prompts only.
    private let chatProblem: InputError?

    /// - Parameter path: a `tokenizer.json`; the chat template is looked for beside it.
    /// - Throws: `SystemError` if the file cannot be read, `InputError` if it is malformed or not byte-level BPE.
    package init(path: String) throws {
        let file = try TokenizerFile(path: path)
        self.path = path
        model = file.model
        preTokenizer = file.preTokenizer
        composesCanonically = file.composesCanonically
        promptPrefix = file.promptPrefix
        let added = file.addedTokens
        vocabularySize = max(file.model.vocabulary.size, (added.map(\.id).max() ?? -1) + 1)
        let found = added.map { token in (token: token, content: Self.content(of: token, file.composesCanonically)) }
        addedTokens = AddedTokens(found)
        ordinaryTokens = AddedTokens(found.filter { !$0.token.special })
        addedIdentifiers = Dictionary(
            added.map { (Array($0.content.utf8), Int32($0.id)) }, uniquingKeysWith: { first, _ in first })
        addedBytes = Dictionary(
            found.map { (Int32($0.token.id), ByteAlphabet.bytes(spelledBy: $0.content) ?? $0.content) },
            uniquingKeysWith: { first, _ in first })
        specialTokens = Set(added.filter(\.special).map { Int32($0.id) })
        let folder = parentFolder(of: path)
        do throws(InputError) {
            chatTemplate = try ChatTemplate(folder: folder) { name in
                added.first { $0.content == name && $0.special }.map { Int32($0.id) }
            }
            chatProblem = nil
        } catch {
            chatTemplate = nil
            chatProblem = error
        }
    }

    /// Bytes that the vocabulary has no token for. Encoding drops them where the file names no unknown token, as the
    /// tokenizers library does; a sound byte-level vocabulary has a token for every byte.
    package var missingByteCount: Int { model.missingByteCount }

    /// The text's tokens. None are added; tokens of `added_tokens` that are written out in the text are found.
    ///
    /// - Parameter findsSpecialTokens: false takes special tokens in the text for mere characters.
    /// - Cost: O(n log n) in the text's length, however it is made up.
    package func encode(_ text: String, findsSpecialTokens: Bool = true) -> [Int32] {
        let tokens = findsSpecialTokens ? addedTokens : ordinaryTokens
        var ids: [Int32] = []
        var scratch = BytePairScratch()
        var text = text
        text.withUTF8 { bytes in
            tokens.written.forEachSection(of: bytes) { section in
                switch section {
                case .token(let id): ids.append(id)
                case .text(let part): encode(part, tokens.normalized, into: &ids, scratch: &scratch)
                }
            }
        }
        return ids
    }

    /// The text of the tokens. Bytes that are not UTF-8 become U+FFFD, identifiers that nobody uses become nothing: a model's
    /// vocabulary may be padded beyond the tokenizer's.
    package func decode(_ ids: [Int32], skipSpecialTokens: Bool) -> String {
        var bytes: [UInt8] = []
        for id in ids { bytes.append(contentsOf: self.bytes(of: id, skipSpecialTokens: skipSpecialTokens)) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The token spelled so in `tokenizer.json`, such as `<|eot_id|>` or `Ġthe`.
    package func id(of token: String) -> Int32? {
        let key = Array(token.utf8)
        return addedIdentifiers[key] ?? model.vocabulary.id(ofKey: key)
    }

    /// Checks that the model has an embedding for every token, and the tokenizer a token for the ends that the model knows and a
    /// chat template that t2 knows, if any.
    ///
    /// - Throws: `InputError`.
    package func checkAgreement(with configuration: ModelConfiguration) throws {
        if let chatProblem { throw chatProblem }
        let remedy = "Use the tokenizer.json and config.json of the same model."
        guard vocabularySize <= configuration.vocabularySize else {
            throw InputError(
                path,
                "its identifiers reach \(vocabularySize - 1), the model's vocabulary of \(configuration.vocabularySize) ends at "
                    + "\(configuration.vocabularySize - 1)", remedy: remedy)
        }
        for id in configuration.endOfSequence + [configuration.beginningOfSequence].compactMap({ $0 }) {
            guard (0..<vocabularySize).contains(id) else {
                throw InputError(
                    path,
                    "its identifiers reach \(vocabularySize - 1), the model's config.json names \(id) as the start or an end of sequences",
                    remedy: remedy)
            }
        }
        if let id = promptPrefix.first(where: { $0 < 0 || $0 >= configuration.vocabularySize }) {
            throw InputError(
                path, "it begins prompts with token \(id), the model has \(configuration.vocabularySize) tokens",
                remedy: remedy)
        }
    }

    /// The bytes that a token contributes to decoded text.
    func bytes(of id: Int32, skipSpecialTokens: Bool) -> ArraySlice<UInt8> {
        if skipSpecialTokens, specialTokens.contains(id) { return [] }
        return addedBytes[id]?[...] ?? model.vocabulary.bytes(of: Int(id))
    }

    /// What a token is looked for as, and decoded as.
    private static func content(of token: AddedToken, _ composesCanonically: Bool) -> [UInt8] {
        let content = Array(token.content.utf8)
        guard token.normalized, composesCanonically else { return content }
        return content.withUnsafeBufferPointer(CanonicalComposition.normalize)
    }

    /// Encodes text that no token of the first search lies in.
    private func encode(
        _ part: UnsafeBufferPointer<UInt8>, _ normalizedTokens: AddedTokenFinder, into ids: inout [Int32],
        scratch: inout BytePairScratch
    ) {
        guard !composesCanonically else {
            return CanonicalComposition.normalize(part).withUnsafeBufferPointer {
                encodeNormalized($0, normalizedTokens, into: &ids, scratch: &scratch)
            }
        }
        encodeNormalized(part, normalizedTokens, into: &ids, scratch: &scratch)
    }

    private func encodeNormalized(
        _ part: UnsafeBufferPointer<UInt8>, _ normalizedTokens: AddedTokenFinder, into ids: inout [Int32],
        scratch: inout BytePairScratch
    ) {
        normalizedTokens.forEachSection(of: part) { section in
            switch section {
            case .token(let id): ids.append(id)
            case .text(let text):
                preTokenizer.forEachPiece(of: text) { model.encode($0, into: &ids, scratch: &scratch) }
            }
        }
    }
}
