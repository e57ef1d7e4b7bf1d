import Foundation
import T2Core
import T2Text
import Testing

@Suite("A tokenizer that cannot be used is refused")
struct TokenizerFileErrorTests {
    @Test(
        "The error names the damage",
        arguments: [
            ("", "expected '{' at byte 0"),
            ("{", "expected '\"' at byte 1"),
            ("[]", "expected '{' at byte 0"),
            (#"{"model": 3"#, "expected '}' at byte 11"),
            (#"{"decoder": {"type": "ByteLevel"}, "pre_tokenizer": {"type": "ByteLevel"}}"#, "model is missing"),
            (file(vocabulary: #"{"a": 0}"#, merges: #"["#), "expected a value at byte"),
            (file(vocabulary: #"{"a": 0, "b": "x"}"#), "expected a whole number at byte"),
            (file(vocabulary: #"{"a": -1}"#), "token 'a' has id -1, expected 0 to 16777215"),
            (file(vocabulary: #"{"a": 4294967296}"#), "token 'a' has id 4294967296, expected 0 to 16777215"),
            (file(vocabulary: #"{"a": 1, "b": 1}"#), "tokens 'a' and 'b' both have id 1"),
            (file(vocabulary: "{}"), "model.vocab is empty"),
            (file(vocabulary: #"{"a": 0, "\ud800": 1}"#), "expected a surrogate pair at byte"),
            (file(vocabulary: #"{"a": 0}"#, merges: #"["a a"]"#), "merge 0 needs 'aa', which model.vocab lacks"),
            (file(vocabulary: #"{"a": 0, "aa": 1}"#, merges: #"["a a", "aaa"]"#), "merge 1 has 1 parts, expected 2"),
            (file(vocabulary: #"{"a": 0}"#, added: #"[{"id": 7}]"#), "0.content is missing"),
            (
                file(vocabulary: #"{"a": 0}"#, added: #"[{"id": 1, "content": "a"}]"#),
                "added token 'a' has id 1, but id 0 in model.vocab"
            ),
            (
                file(vocabulary: #"{"a": 0}"#, added: #"[{"id": 0, "content": "b"}]"#),
                "added token 'b' has id 0, which another token has in model.vocab"
            ),
        ])
    func malformed(content: String, problem: String) throws {
        let error = try #require(try refusal(of: content))
        #expect(error.description.contains(": this is not a readable tokenizer: "))
        #expect(error.description.contains(problem), "\(error)")
        #expect(error.exitStatus == .data)
    }

    @Test(
        "The error names the unsupported part",
        arguments: [
            (file(model: #"{"type": "Unigram", "vocab": [["a", 0.0]]}"#), "model 'Unigram'"),
            (file(model: #"{"type": "WordPiece", "vocab": {"a": 0}}"#), "model 'WordPiece'"),
            (file(model: #"{"type": "BPE", "byte_fallback": true, "vocab": {"a": 0}, "merges": []}"#), "byte_fallback"),
            (file(model: #"{"type": "BPE", "dropout": 0.1, "vocab": {"a": 0}, "merges": []}"#), "dropout"),
            (
                file(model: #"{"end_of_word_suffix": "</w>", "vocab": {"a": 0}, "merges": []}"#),
                "end_of_word_suffix '</w>'"
            ),
            (file(normalizer: #"{"type": "Lowercase"}"#), "normalizer 'Lowercase'"),
            (file(preTokenizer: #"{"type": "Metaspace"}"#), "pre-tokenizer 'Metaspace' as the last step"),
            (file(preTokenizer: "null"), "pre-tokenizer 'null'"),
            (file(preTokenizer: sequence(#"{"type": "Whitespace"}"#)), "pre-tokenizer 'Whitespace'"),
            (file(preTokenizer: sequence(splitting("(", behavior: "Isolated"))), "the split pattern '('"),
            (file(preTokenizer: sequence(splitting("a", behavior: "Removed"))), "Split with behavior 'Removed'"),
            (file(postProcessor: #"{"type": "BertProcessing"}"#), "post-processor 'BertProcessing'"),
            (file(decoder: #"{"type": "Metaspace"}"#), "decoder 'Metaspace'"),
            (file(decoder: "null"), "decoder 'null'"),
        ])
    func unsupported(content: String, found: String) throws {
        let error = try #require(try refusal(of: content))
        #expect(error.description.contains(found), "\(error)")
        #expect(error.description.contains("is not supported. t2 supports byte-level BPE tokenizers"))
        #expect(error.exitStatus == .data)
    }

    @Test("A truncated file is refused as malformed, whatever its length")
    func truncated() throws {
        let whole = try String(contentsOfFile: TokenizerFixture.tokenizerPath("llama3"), encoding: .utf8)
        for length in stride(from: 0, to: whole.count - 2, by: 97) {
            let error = try #require(try refusal(of: String(whole.prefix(length))))
            #expect(error.description.contains("not a readable tokenizer"))
        }
    }

    @Test("A missing file is an error with the exit status for missing input")
    func missing() {
        let error = #expect(throws: SystemError.self) { try Tokenizer(path: "no/such/tokenizer.json") }
        #expect(error?.path == "no/such/tokenizer.json" && error?.exitStatus == .noInput)
    }

    @Test("A tokenizer of another model is refused with both sizes")
    func disagreement() throws {
        let tokenizer = try TokenizerFixture.tokenizer("llama3")
        let size = tokenizer.vocabularySize
        try tokenizer.checkAgreement(with: configuration(vocabularySize: size, end: size - 1))
        try tokenizer.checkAgreement(with: configuration(vocabularySize: size + 100, end: 0))
        let small = #expect(throws: InputError.self) {
            try tokenizer.checkAgreement(with: configuration(vocabularySize: size - 1, end: 0))
        }
        #expect(
            small?.description.contains("is \(size - 1), expected at most \(size - 2) for the model's vocabulary")
                == true)
        let end = #expect(throws: InputError.self) {
            try tokenizer.checkAgreement(with: configuration(vocabularySize: size + 100, end: size))
        }
        #expect(end?.description.contains("config.json names \(size)") == true)
    }

    private func configuration(vocabularySize: Int, end: Int) -> ModelConfiguration {
        ModelConfiguration(
            vocabularySize: vocabularySize, hiddenSize: 8, intermediateSize: 8, layerCount: 1, headCount: 2,
            keyValueHeadCount: 1, headSize: 4, normEpsilon: 1e-5, ropeTheta: 10_000, contextLength: 16,
            tiedEmbeddings: true,
            beginningOfSequence: 0, endOfSequence: [end])
    }

    /// The error for a file with this content, or nil if the file is accepted.
    private func refusal(of content: String) throws -> InputError? {
        let path = NSTemporaryDirectory() + "tokenizer-\(UUID().uuidString).json"
        try Data(content.utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            _ = try Tokenizer(path: path)
            return nil
        } catch let error as InputError {
            #expect(error.description.hasPrefix(path))
            return error
        }
    }
}

private func file(
    model: String? = nil, vocabulary: String = #"{"a": 0}"#, merges: String = "[]", added: String = "[]",
    normalizer: String = "null", preTokenizer: String = #"{"type": "ByteLevel"}"#, postProcessor: String = "null",
    decoder: String = #"{"type": "ByteLevel"}"#
) -> String {
    let model = model ?? #"{"type": "BPE", "vocab": \#(vocabulary), "merges": \#(merges)}"#
    return #"{"added_tokens": \#(added), "normalizer": \#(normalizer), "pre_tokenizer": \#(preTokenizer), "#
        + #""post_processor": \#(postProcessor), "decoder": \#(decoder), "model": \#(model)}"#
}

private func sequence(_ first: String) -> String {
    #"{"type": "Sequence", "pretokenizers": [\#(first), {"type": "ByteLevel"}]}"#
}

private func splitting(_ expression: String, behavior: String) -> String {
    #"{"type": "Split", "pattern": {"Regex": "\#(expression)"}, "behavior": "\#(behavior)", "invert": false}"#
}
