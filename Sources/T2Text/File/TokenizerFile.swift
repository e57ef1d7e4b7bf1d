import Foundation
import T2Core
import T2Formats

/// The content of a `tokenizer.json` that encoding and decoding need, read and checked.
///
/// The sections `truncation` and `padding` are ignored: the caller decides how long a text may be.
struct TokenizerFile {
    let model: BytePairModel
    let addedTokens: [AddedToken]
    let normalizer: Normalizer
    let preTokenizer: PreTokenizer
    let decodingRules: DecodingRules
    /// The tokens that the post-processor puts before a single text.
    let promptPrefix: [Int32]

    /// What is wrong with the content. The error that is thrown in the end also names the path.
    enum Problem: Error {
        case malformed(String)
        case unsupported(String)
    }
}

extension TokenizerFile {
    /// - Parameter declared: the tokens that the other files of its folder declare.
    /// - Throws: `SystemError` if the file cannot be read, `InputError` if it is malformed or of an unsupported kind, or the other files
    ///   contradict it.
    init(path: String, declared: DeclaredTokens = DeclaredTokens()) throws {
        let file = try MappedFile(path: path)
        do {
            self = try file.withBytes { try Self.read($0, declared) }
        } catch let failure as JSONScanner.Failure {
            throw Self.malformed(path, "expected \(failure.expected) at byte \(failure.position)")
        } catch let problem as Problem {
            switch problem {
            case .malformed(let description): throw Self.malformed(path, description)
            case .unsupported(let found):
                throw InputError(
                    path, "\(found) is not supported",
                    remedy:
                        "t2 supports BPE tokenizers of two kinds: byte-level (pre-tokenizers ByteLevel, Split and "
                        + "Digits, normalizer NFC, decoder ByteLevel), and SentencePiece's (normalizers Prepend and "
                        + "Replace or pre-tokenizer Metaspace, decoders Replace, ByteFallback, Fuse and Strip); "
                        + "post-processor TemplateProcessing.")
            }
        }
    }

    private static func malformed(_ path: String, _ problem: String) -> InputError {
        InputError(
            path, "this is not a readable tokenizer: \(problem)",
            remedy: "Copy the file again from the source of the model.")
    }

    private static func read(_ bytes: UnsafeRawBufferPointer, _ declared: DeclaredTokens) throws -> TokenizerFile {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Problem.malformed("it is not UTF-8") }
        var scanner = JSONScanner(bytes)
        let sections = try JSONSections(&scanner, of: bytes)
        try scanner.end()
        let normalizer = Normalizer(
            steps: try sections.decode(NormalizerDescription?.self, "normalizer")?.steps() ?? [])
        let (steps, spelling) = try PreTokenizerDescription.steps(
            sections.decode(PreTokenizerDescription?.self, "pre_tokenizer"), after: normalizer)
        let decodingRules = try DecoderDescription.rules(
            sections.decode(DecoderDescription?.self, "decoder"), for: spelling)
        let model = try BytePairModelReader(sections).model(
            spelling: spelling, identifierLimit: AddedTokenTable.identifierLimit)
        let added = try AddedTokenTable(
            file: sections.decode([AddedToken]?.self, "added_tokens") ?? [], declared: declared,
            after: model.vocabulary
        ).tokens
        let prefix = try sections.decode(PostProcessorDescription?.self, "post_processor")?.promptPrefix { name in
            let key = Array(name.utf8)
            return added.first { $0.key == key }.map { Int32($0.id) }
                ?? model.vocabulary.id(ofKey: key)
        }
        return TokenizerFile(
            model: model, addedTokens: added, normalizer: normalizer, preTokenizer: PreTokenizer(steps: steps),
            decodingRules: decodingRules, promptPrefix: prefix ?? [])
    }
}
