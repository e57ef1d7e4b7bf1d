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

    private static func read(_ bytes: UnsafeRawBufferPointer) throws -> TokenizerFile {
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
        let model = try BytePairModelReader(sections).model(spelling: spelling, identifierLimit: identifierLimit)
        let added = try assignIdentifiers(
            to: sections.decode([AddedToken]?.self, "added_tokens") ?? [], after: model.vocabulary)
        let prefix = try sections.decode(PostProcessorDescription?.self, "post_processor")?.promptPrefix { name in
            let key = Array(name.utf8)
            return added.first { Array($0.content.utf8) == key }.map { Int32($0.id) }
                ?? model.vocabulary.id(ofKey: key)
        }
        return TokenizerFile(
            model: model, addedTokens: added, normalizer: normalizer, preTokenizer: PreTokenizer(steps: steps),
            decodingRules: decodingRules, promptPrefix: prefix ?? [])
    }

    /// The added tokens with the identifiers that the tokenizers library gives them, whatever the file says: a token of
    /// the model keeps its identifier, and the others follow the vocabulary in the order of the file.
    private static func assignIdentifiers(
        to tokens: [AddedToken], after vocabulary: Vocabulary
    ) throws -> [AddedToken] {
        var result: [AddedToken] = []
        var known: [[UInt8]: Int] = [:]
        var next = vocabulary.count
        for var token in tokens where !token.content.isEmpty {
            func malformed(_ problem: String) -> Problem { .malformed("added token '\(token.content)' \(problem)") }
            let key = Array(token.content.utf8)
            if let index = known[key] {
                guard token.hasFlags(of: result[index]) else { throw malformed("stands there twice, with other flags") }
                continue
            }
            if let id = vocabulary.id(ofKey: key) {
                token.id = Int(id)
            } else {
                guard vocabulary.bytes(of: next).isEmpty else {
                    throw malformed("gets id \(next), which another token has in model.vocab")
                }
                token.id = next
            }
            guard token.id < identifierLimit else {
                throw malformed("gets id \(token.id), expected 0 to \(identifierLimit - 1)")
            }
            next = max(next, token.id + 1)
            known[key] = result.count
            result.append(token)
        }
        return result
    }
}
