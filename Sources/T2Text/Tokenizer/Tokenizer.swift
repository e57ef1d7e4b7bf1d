import T2Core
import T2Formats

/// Encodes text as token identifiers and decodes them, as Hugging Face's tokenizers library does for byte-level BPE and
/// for SentencePiece's BPE.
package final class Tokenizer: Sendable {
    package let path: String
    /// The largest identifier plus 1, over the model's vocabulary and the added tokens.
    package let vocabularySize: Int
    /// The largest identifier plus 1 of the tokens that are not added ones.
    let ordinaryVocabularySize: Int
    /// The tokens that the post-processor puts before a single text, such as the beginning-of-sequence token.
    package let promptPrefix: [Int32]
    private let model: BytePairModel
    private let preTokenizer: PreTokenizer
    private let normalizer: Normalizer
    let decodingRules: DecodingRules
    private let addedTokens: AddedTokens
    private let addedIdentifiers: [[UInt8]: Int32]
    private let addedBytes: [Int32: [UInt8]]
    private let specialTokens: Set<Int32>
    /// The format of prompts for a chat model, or nil for a model that completes text.
    package let chatTemplate: ChatTemplate?

    /// - Parameter path: a `tokenizer.json`. The chat template and further tokens are read from the same folder.
    /// - Throws: `SystemError` if the file cannot be read, `InputError` if it is malformed or of an unsupported kind, or other files of the
    ///   folder are or contradict it.
    package init(path: String) throws {
        let file = try TokenizerFile(path: path, declared: DeclaredTokens(folder: parentFolder(of: path)))
        self.path = path
        model = file.model
        preTokenizer = file.preTokenizer
        normalizer = file.normalizer
        decodingRules = file.decodingRules
        promptPrefix = file.promptPrefix
        let added = file.addedTokens
        vocabularySize = max(file.model.vocabulary.size, (added.map(\.id).max() ?? -1) + 1)
        let addedSet = Set(added.map(\.id))
        let ordinary = (0..<file.model.vocabulary.size).last {
            !file.model.vocabulary.bytes(of: $0).isEmpty && !addedSet.contains($0)
        }
        ordinaryVocabularySize = (ordinary ?? -1) + 1
        let found = added.map { token in (token: token, content: Self.content(of: token, file.normalizer)) }
        addedTokens = AddedTokens(found, marksSpaces: file.normalizer.marksSpaces)
        addedIdentifiers = Dictionary(
            added.map { ($0.key, Int32($0.id)) }, uniquingKeysWith: { first, _ in first })
        addedBytes = Dictionary(
            found.map { (Int32($0.token.id), file.model.vocabulary.spelling.decoded($0.content)) },
            uniquingKeysWith: { first, _ in first })
        specialTokens = Set(added.filter(\.isSpecial).map { Int32($0.id) })
        chatTemplate = try ChatTemplate(folder: parentFolder(of: path))
    }

    /// The tokens of a text. Tokens of `added_tokens` that the text contains are found; the post-processor's tokens are
    /// not added. Characters without a token are dropped if the file names no unknown token, as the tokenizers library
    /// does.
    ///
    /// - Parameters:
    ///   - findsSpecialTokens: whether special tokens in the text are found, instead of counting as ordinary characters.
    ///   - isStart: whether the text stands at the start of the whole text. Some tokenizers put a space before that
    ///     start, but not before what follows a special token.
    /// - Cost: O(n log n) time for n bytes of any text.
    package func encode(_ text: String, findsSpecialTokens: Bool = true, isStart: Bool = true) -> [Int32] {
        encode(
            text, besides: findsSpecialTokens ? ContentRanges() : ContentRanges([0..<text.utf8.count]), isStart: isStart
        )
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
        return encode(text, besides: ContentRanges(content), isStart: true)
    }

    /// - Parameter content: the stretches of the text in which special tokens are not found.
    private func encode(_ text: String, besides content: ContentRanges, isStart: Bool) -> [Int32] {
        var ids: [Int32] = []
        var scratch = BytePairScratch()
        var text = text
        text.withUTF8 { bytes in
            addedTokens.written.forEachSection(of: bytes, besides: content) { section in
                switch section {
                case .token(let id): ids.append(id)
                case .text(let part):
                    let isStart = isStart && part.baseAddress == bytes.baseAddress
                    if normalizer.steps.isEmpty {
                        let start = bytes.offset(of: part)
                        encode(
                            part, isStart, besides: content.within(start..<start + part.count), into: &ids,
                            scratch: &scratch)
                    } else {
                        let content = normalizedContent(content, part, in: bytes)
                        normalizer.normalize(part).withUnsafeBufferPointer {
                            encode($0, isStart, besides: content, into: &ids, scratch: &scratch)
                        }
                    }
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
            normalizer.normalize(UnsafeBufferPointer(rebasing: section[..<end])).count
        }
    }

    /// The text of the tokens. Bytes that are not UTF-8 become U+FFFD. Identifiers that no token has become nothing,
    /// because a model's vocabulary may be padded beyond that of its tokenizer.
    package func decode(_ ids: [Int32], skipSpecialTokens: Bool) -> String {
        var joiner = TokenJoiner(decodingRules)
        var text: [UInt8] = []
        for id in ids { joiner.append(token(of: id, skipSpecialTokens: skipSpecialTokens), to: &text) }
        joiner.finish(&text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The token with this spelling in `tokenizer.json`, such as `<|eot_id|>` or `Ġthe`.
    package func id(of token: String) -> Int32? {
        let key = Array(token.utf8)
        return addedIdentifiers[key] ?? model.vocabulary.id(ofKey: key)
    }

    /// The bytes that a token contributes to decoded text, apart from spaces that are stripped at its start.
    func bytes(of id: Int32, skipSpecialTokens: Bool) -> ArraySlice<UInt8> {
        let token = token(of: id, skipSpecialTokens: skipSpecialTokens)
        guard case .spaceMarks(readsByteTokens: true, _) = decodingRules, let byte = ByteToken.byte(of: token) else {
            return token
        }
        return [byte]
    }

    /// The bytes of a token before `TokenJoiner` joins it to others. They are empty if the tokenizer has no such token.
    func token(of id: Int32, skipSpecialTokens: Bool) -> ArraySlice<UInt8> {
        if skipSpecialTokens, specialTokens.contains(id) { return [] }
        return addedBytes[id]?[...] ?? model.vocabulary.bytes(of: Int(id))
    }

    /// The bytes of an added token that encoding searches for and decoding returns.
    private static func content(of token: AddedToken, _ normalizer: Normalizer) -> [UInt8] {
        token.flags.isNormalized ? token.key.withUnsafeBufferPointer(normalizer.normalize) : token.key
    }

    /// Encodes the normalized text between the added tokens that were found in the text as it is written.
    private func encode(
        _ part: UnsafeBufferPointer<UInt8>, _ isStart: Bool, besides content: ContentRanges, into ids: inout [Int32],
        scratch: inout BytePairScratch
    ) {
        addedTokens.normalized.forEachSection(of: part, besides: content) { section in
            switch section {
            case .token(let id): ids.append(id)
            case .text(let text):
                preTokenizer.forEachPiece(of: text, isStart: isStart && text.baseAddress == part.baseAddress) {
                    model.encode($0, into: &ids, scratch: &scratch)
                }
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
