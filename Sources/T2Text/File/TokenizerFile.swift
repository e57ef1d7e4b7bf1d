import Foundation
import T2Core
import T2Formats

/// The content of a `tokenizer.json` that encoding and decoding need, read and checked.
///
/// The sections `truncation` and `padding` are ignored: the caller decides how long a text may be.
struct TokenizerFile {
    let model: BytePairModel
    let addedTokens: [AddedToken]
    /// Whether text is brought into normalization form C before it is split.
    let normalizes: Bool
    let preTokenizer: PreTokenizer
    /// The tokens that the post-processor puts before a single text.
    let promptPrefix: [Int32]

    /// The number that identifiers must stay below. Tables indexed by a larger identifier would not fit into memory.
    private static let identifierLimit = 1 << 24

    /// What is wrong with the content. The error that is thrown in the end also names the path.
    enum Problem: Error {
        case malformed(String)
        case unsupported(String)
    }
}

extension TokenizerFile {
    /// - Throws: `SystemError` if the file cannot be read, `InputError` if it is malformed or of an unsupported kind.
    init(path: String) throws {
        let file = try MappedFile(path: path)
        do {
            self = try file.withBytes { try Self.read($0) }
        } catch let failure as JSONScanner.Failure {
            throw Self.malformed(path, "expected \(failure.expected) at byte \(failure.position)")
        } catch let problem as Problem {
            switch problem {
            case .malformed(let description): throw Self.malformed(path, description)
            case .unsupported(let found):
                throw InputError(
                    path, "\(found) is not supported",
                    remedy:
                        "t2 supports byte-level BPE tokenizers: model BPE, pre-tokenizers ByteLevel, Split and Digits, "
                        + "normalizer NFC, post-processor TemplateProcessing, decoder ByteLevel.")
            }
        }
    }

    private static func malformed(_ path: String, _ problem: String) -> InputError {
        InputError(
            path, "this is not a readable tokenizer: \(problem)",
            remedy: "Copy the file again from the source of the model.")
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws -> TokenizerFile {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Problem.malformed("it is not UTF-8") }
        var scanner = JSONScanner(bytes)
        let sections = try JSONSections(&scanner, of: bytes)
        try scanner.end()
        let normalizes = try sections.decode(NormalizerDescription?.self, "normalizer")?.normalizes()
        try DecoderDescription.check(sections.decode(DecoderDescription?.self, "decoder"))
        let preTokenizer = try PreTokenizerDescription.steps(
            sections.decode(PreTokenizerDescription?.self, "pre_tokenizer"))
        let prefix = try sections.decode(PostProcessorDescription?.self, "post_processor")?.promptPrefix()
        let model = try BytePairModelReader(sections).model(identifierLimit: identifierLimit)
        let added = try sections.decode([AddedToken]?.self, "added_tokens") ?? []
        try check(added, against: model.vocabulary)
        return TokenizerFile(
            model: model, addedTokens: added, normalizes: normalizes ?? false,
            preTokenizer: PreTokenizer(steps: preTokenizer), promptPrefix: prefix ?? [])
    }

    private static func check(_ tokens: [AddedToken], against vocabulary: Vocabulary) throws {
        for token in tokens {
            func malformed(_ problem: String) -> Problem { .malformed("added token '\(token.content)' \(problem)") }
            guard (0..<identifierLimit).contains(token.id) else {
                throw malformed("has id \(token.id), expected 0 to \(identifierLimit - 1)")
            }
            if let id = vocabulary.id(ofKey: Array(token.content.utf8)) {
                guard id == token.id else { throw malformed("has id \(token.id), but id \(id) in model.vocab") }
            } else if !vocabulary.bytes(of: token.id).isEmpty {
                throw malformed("has id \(token.id), which another token has in model.vocab")
            }
        }
    }
}
