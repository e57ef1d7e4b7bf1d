import T2Core

/// Encodes text as token identifiers and decodes them, as Hugging Face's tokenizers library does for byte-level BPE.
package final class Tokenizer: Sendable {
    package let path: String
    /// The largest identifier plus 1, over the model's vocabulary and the added tokens.
    package let vocabularySize: Int
    /// The tokens that the post-processor puts before a single text, such as the beginning-of-sequence token.
    package let promptPrefix: [Int32]
    private let model: BytePairModel
    private let preTokenizer: PreTokenizer
    private let normalizes: Bool
    private let addedTokens: AddedTokens
    private let addedIdentifiers: [[UInt8]: Int32]
    private let addedBytes: [Int32: [UInt8]]
    private let specialTokens: Set<Int32>
    /// The format of prompts for a chat model, or nil for a model that completes text.
    package let chatTemplate: ChatTemplate?

    /// - Parameter path: a `tokenizer.json`. The chat template is read from the same folder.
    /// - Throws: `SystemError` if the file cannot be read, `InputError` if it is malformed or not byte-level BPE.
    package init(path: String) throws {
        let file = try TokenizerFile(path: path)
        self.path = path
        model = file.model
        preTokenizer = file.preTokenizer
        normalizes = file.normalizes
        promptPrefix = file.promptPrefix
        let added = file.addedTokens
        vocabularySize = max(file.model.vocabulary.size, (added.map(\.id).max() ?? -1) + 1)
        let found = added.map { token in (token: token, content: Self.content(of: token, file.normalizes)) }
        addedTokens = AddedTokens(found)
        addedIdentifiers = Dictionary(
            added.map { (Array($0.content.utf8), Int32($0.id)) }, uniquingKeysWith: { first, _ in first })
        addedBytes = Dictionary(
            found.map { (Int32($0.token.id), ByteAlphabet.bytes(spelledBy: $0.content) ?? $0.content) },
            uniquingKeysWith: { first, _ in first })
        specialTokens = Set(added.filter(\.isSpecial).map { Int32($0.id) })
        chatTemplate = try ChatTemplate(folder: parentFolder(of: path))
    }

    /// The tokens of a text. Tokens of `added_tokens` that the text contains are found; the post-processor's tokens are
    /// not added. Bytes without a token are dropped if the file names no unknown token, as the tokenizers library does.
    ///
    /// - Parameter findsSpecialTokens: whether special tokens in the text are found, instead of counting as ordinary
    ///   characters.
    /// - Cost: O(n log n) time for n bytes of any text.
    package func encode(_ text: String, findsSpecialTokens: Bool = true) -> [Int32] {
        encode(text, besides: findsSpecialTokens ? ContentRanges() : ContentRanges([0..<text.utf8.count]))
    }

    /// The tokens of a text of several authors. It is encoded as one text, in which a special token is found only where none of its
    /// characters is content.
    func encode(_ parts: [(text: String, isContent: Bool)]) -> [Int32] {
        var (text, content): (String, [Range<Int>]) = ("", [])
        for part in parts {
            let start = text.utf8.count
            text += part.text
            if part.isContent { content.append(start..<text.utf8.count) }
        }
        return encode(text, besides: ContentRanges(content))
    }

    /// - Parameter content: the stretches of the text in which special tokens are not found.
    private func encode(_ text: String, besides content: ContentRanges) -> [Int32] {
        var ids: [Int32] = []
        var scratch = BytePairScratch()
        var text = text
        text.withUTF8 { bytes in
            addedTokens.written.forEachSection(of: bytes, besides: content) { section in
                switch section {
                case .token(let id): ids.append(id)
                case .text(let part) where normalizes:
                    let content = normalizedContent(content, part, in: bytes)
                    NormalizationFormC.normalize(part).withUnsafeBufferPointer {
                        encode($0, besides: content, into: &ids, scratch: &scratch)
                    }
                case .text(let part):
                    let start = bytes.offset(of: part)
                    encode(
                        part, besides: content.within(start..<start + part.count), into: &ids, scratch: &scratch)
                }
            }
        }
        return ids
    }

    /// The content of a section after its normalization. A character that is composed of both content and other text counts as
    /// content.
    private func normalizedContent(
        _ content: ContentRanges, _ section: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>
    ) -> ContentRanges {
        guard !content.isEmpty, addedTokens.normalized.hasSpecialTokens else { return ContentRanges() }
        let start = text.offset(of: section)
        return content.within(start..<start + section.count) { end in
            NormalizationFormC.normalize(UnsafeBufferPointer(rebasing: section[..<end])).count
        }
    }

    /// The text of the tokens. Bytes that are not UTF-8 become U+FFFD. Identifiers that no token has become nothing,
    /// because a model's vocabulary may be padded beyond that of its tokenizer.
    package func decode(_ ids: [Int32], skipSpecialTokens: Bool) -> String {
        String(decoding: ids.flatMap { bytes(of: $0, skipSpecialTokens: skipSpecialTokens) }, as: UTF8.self)
    }

    /// The token with this spelling in `tokenizer.json`, such as `<|eot_id|>` or `Ġthe`.
    package func id(of token: String) -> Int32? {
        let key = Array(token.utf8)
        return addedIdentifiers[key] ?? model.vocabulary.id(ofKey: key)
    }

    /// The bytes that a token contributes to decoded text.
    func bytes(of id: Int32, skipSpecialTokens: Bool) -> ArraySlice<UInt8> {
        if skipSpecialTokens, specialTokens.contains(id) { return [] }
        return addedBytes[id]?[...] ?? model.vocabulary.bytes(of: Int(id))
    }

    /// The bytes of an added token that encoding searches for and decoding returns.
    private static func content(of token: AddedToken, _ normalizes: Bool) -> [UInt8] {
        let content = Array(token.content.utf8)
        guard token.isNormalized, normalizes else { return content }
        return content.withUnsafeBufferPointer(NormalizationFormC.normalize)
    }

    /// Encodes the normalized text between the added tokens that were found in the text as it is written.
    private func encode(
        _ part: UnsafeBufferPointer<UInt8>, besides content: ContentRanges, into ids: inout [Int32],
        scratch: inout BytePairScratch
    ) {
        addedTokens.normalized.forEachSection(of: part, besides: content) { section in
            switch section {
            case .token(let id): ids.append(id)
            case .text(let text):
                preTokenizer.forEachPiece(of: text) { model.encode($0, into: &ids, scratch: &scratch) }
            }
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The position of a part of these bytes.
    fileprivate func offset(of part: UnsafeBufferPointer<UInt8>) -> Int {
        guard let start = baseAddress, let other = part.baseAddress else { return 0 }
        return other - start
    }
}
