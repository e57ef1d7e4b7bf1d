import Foundation
import T2Core
import T2Formats

/// A `tokenizer.json` read and checked: everything that encoding and decoding need.
///
/// `truncation` and `padding` are not followed: the caller decides how long a text may be.
struct TokenizerFile {
    let model: BytePairModel
    let addedTokens: [AddedToken]
    let composesCanonically: Bool
    let preTokenizer: PreTokenizer
    let promptPrefix: [Int32]

    /// Identifiers from here on are taken for damage: the tables by identifier would not fit into memory.
    private static let identifierLimit = 1 << 24

    /// - Throws: `SystemError` if the file cannot be read, `InputError` if it is malformed or of an unsupported kind.
    init(path: String) throws {
        let file = try MappedFile(path: path)
        do {
            self = try file.withBytes { try Self.read($0) }
        } catch let failure as JSONScanner.Failure {
            throw Self.malformed(path, "\(failure.expected) expected at byte \(failure.position)")
        } catch let problem as Problem {
            switch problem {
            case .malformed(let description): throw Self.malformed(path, description)
            case .unsupported(let found):
                throw InputError(
                    path, "\(found) is not supported",
                    remedy:
                        "This program runs byte-level BPE tokenizers: model BPE, pre-tokenizers ByteLevel, Split and Digits, "
                        + "normalizer NFC, post-processor TemplateProcessing, decoder ByteLevel.")
            }
        }
    }

    /// What is wrong with the content, before the path is known.
    enum Problem: Error {
        case malformed(String)
        case unsupported(String)
    }

    private static func malformed(_ path: String, _ problem: String) -> InputError {
        InputError(
            path, "not a readable tokenizer: \(problem)", remedy: "Copy it again from where the model came from.")
    }

    private init(
        model: BytePairModel, addedTokens: [AddedToken], composesCanonically: Bool, preTokenizer: PreTokenizer,
        promptPrefix: [Int32]
    ) {
        self.model = model
        self.addedTokens = addedTokens
        self.composesCanonically = composesCanonically
        self.preTokenizer = preTokenizer
        self.promptPrefix = promptPrefix
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws -> TokenizerFile {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Problem.malformed("it is not UTF-8") }
        var scanner = JSONScanner(bytes)
        let sections = try JSONSections(&scanner, of: bytes)
        try scanner.end()
        let composes = try sections.decode(NormalizerDescription?.self, "normalizer")?.composesCanonically()
        try DecoderDescription.check(sections.decode(DecoderDescription?.self, "decoder"))
        let preTokenizer = try PreTokenizerDescription.steps(
            sections.decode(PreTokenizerDescription?.self, "pre_tokenizer"))
        let prefix = try sections.decode(PostProcessorDescription?.self, "post_processor")?.promptPrefix()
        let model = try BytePairModelReader(sections).model(identifierLimit: identifierLimit)
        let added = try sections.decode([AddedToken]?.self, "added_tokens") ?? []
        try check(added, against: model.vocabulary)
        return TokenizerFile(
            model: model, addedTokens: added, composesCanonically: composes ?? false,
            preTokenizer: PreTokenizer(steps: preTokenizer), promptPrefix: prefix ?? [])
    }

    private static func check(_ tokens: [AddedToken], against vocabulary: Vocabulary) throws {
        for token in tokens {
            func malformed(_ problem: String) -> Problem { .malformed("added token '\(token.content)' \(problem)") }
            guard (0..<identifierLimit).contains(token.id) else { throw malformed("has the impossible id \(token.id)") }
            if let id = vocabulary.id(ofKey: Array(token.content.utf8)) {
                guard id == token.id else { throw malformed("has id \(token.id), in model.vocab it has \(id)") }
            } else if !vocabulary.bytes(of: token.id).isEmpty {
                throw malformed("has id \(token.id), which is another token's in model.vocab")
            }
        }
    }
}
