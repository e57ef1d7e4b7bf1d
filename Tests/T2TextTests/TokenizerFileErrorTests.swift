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
            (TokenizerText.file(vocabulary: #"{"a": 0}"#, merges: #"["#), "expected a value at byte"),
            (TokenizerText.file(vocabulary: #"{"a": 0, "b": "x"}"#), "expected a whole number at byte"),
            (TokenizerText.file(vocabulary: #"{"a": -1}"#), "token 'a' has id -1, expected 0 to 16777215"),
            (
                TokenizerText.file(vocabulary: #"{"a": 4294967296}"#),
                "token 'a' has id 4294967296, expected 0 to 16777215"
            ),
            (TokenizerText.file(vocabulary: #"{"a": 1, "b": 1}"#), "tokens 'a' and 'b' both have id 1"),
            (TokenizerText.file(vocabulary: "{}"), "model.vocab is empty"),
            (TokenizerText.file(vocabulary: #"{"a": 0, "\ud800": 1}"#), "expected a surrogate pair at byte"),
            (
                TokenizerText.file(vocabulary: #"{"a": 0}"#, merges: #"["a a"]"#),
                "merge 0 needs 'aa', which model.vocab lacks"
            ),
            (
                TokenizerText.file(vocabulary: #"{"a": 0, "aa": 1}"#, merges: #"["a a", "aaa"]"#),
                "merge 1 has 1 parts, expected 2"
            ),
            (TokenizerText.file(vocabulary: #"{"a": 0}"#, added: #"[{"id": 7}]"#), "0.content is missing"),
            (
                TokenizerText.file(vocabulary: #"{"a": 0, "b": 2}"#, added: #"[{"id": 3, "content": "<c>"}]"#),
                "added token '<c>' gets id 2, which another token has in model.vocab"
            ),
            (
                TokenizerText.file(
                    added: #"[{"id": 1, "content": "<c>"}, {"id": 1, "content": "<c>", "special": true}]"#),
                "added token '<c>' stands there twice, with other flags"
            ),
            (
                TokenizerText.file(
                    added: #"[{"id": 9, "content": "<c>"}]"#,
                    postProcessor: #"{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<c>"}}], "#
                        + #""special_tokens": {"<c>": {"ids": [9]}}}"#),
                "post_processor gives '<c>' id 9, but its id is 1"
            ),
            (
                TokenizerText.marked(
                    preTokenizer: #"{"type": "Metaspace", "replacement": "▁", "add_prefix_space": false}"#),
                "Metaspace has prepend_scheme 'always', but add_prefix_space false"
            ),
        ])
    func malformed(content: String, problem: String) throws {
        let error = try #require(try TokenizerText.refusal(of: content))
        #expect(error.description.contains(": this is not a readable tokenizer: "))
        #expect(error.description.contains(problem), "\(error)")
        #expect(error.exitStatus == .data)
    }

    @Test(
        "The error names the unsupported part",
        arguments: [
            (TokenizerText.file(model: #"{"type": "Unigram", "vocab": [["a", 0.0]]}"#), "model 'Unigram'"),
            (TokenizerText.file(model: #"{"type": "WordPiece", "vocab": {"a": 0}}"#), "model 'WordPiece'"),
            (
                TokenizerText.file(model: #"{"type": "BPE", "byte_fallback": true, "vocab": {"a": 0}, "merges": []}"#),
                "byte_fallback and pre-tokenizer ByteLevel"
            ),
            (
                TokenizerText.file(model: #"{"type": "BPE", "dropout": 0.1, "vocab": {"a": 0}, "merges": []}"#),
                "dropout"
            ),
            (
                TokenizerText.file(model: #"{"end_of_word_suffix": "</w>", "vocab": {"a": 0}, "merges": []}"#),
                "end_of_word_suffix '</w>'"
            ),
            (TokenizerText.file(normalizer: #"{"type": "Lowercase"}"#), "normalizer 'Lowercase'"),
            (TokenizerText.file(normalizer: #"{"type": "Prepend", "prepend": "_"}"#), "normalizer Prepend with '_'"),
            (
                TokenizerText.file(normalizer: #"{"type": "Replace", "pattern": {"Regex": " +"}, "content": "▁"}"#),
                "normalizer Replace of ' +' by '▁'"
            ),
            (
                TokenizerText.file(normalizer: #"{"type": "Prepend", "prepend": "▁"}"#),
                "'Prepend' before pre-tokenizer ByteLevel"
            ),
            (
                TokenizerText.marked(
                    normalizer: TokenizerText.replace, preTokenizer: #"{"type": "Metaspace", "replacement": "▁"}"#),
                "'Replace' before pre-tokenizer Metaspace"
            ),
            (
                TokenizerText.marked(normalizer: #"{"type": "Prepend", "prepend": "▁"}"#),
                "pre-tokenizer 'null' as the last step"
            ),
            (TokenizerText.file(preTokenizer: #"{"type": "Metaspace"}"#), "Metaspace with replacement 'absent'"),
            (
                TokenizerText.marked(
                    preTokenizer: #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "last"}"#),
                "prepend_scheme 'last'"
            ),
            (
                TokenizerText.file(preTokenizer: TokenizerText.sequence(#"{"type": "Metaspace", "replacement": "▁"}"#)),
                "pre-tokenizer 'Metaspace'"
            ),
            (TokenizerText.file(preTokenizer: "null"), "pre-tokenizer 'null'"),
            (
                TokenizerText.file(preTokenizer: TokenizerText.sequence(#"{"type": "Whitespace"}"#)),
                "pre-tokenizer 'Whitespace'"
            ),
            (
                TokenizerText.file(
                    preTokenizer: TokenizerText.sequence(TokenizerText.splitting("(", behavior: "Isolated"))),
                "the split pattern '('"
            ),
            (
                TokenizerText.file(
                    preTokenizer: TokenizerText.sequence(TokenizerText.splitting("a", behavior: "Removed"))),
                "Split with behavior 'Removed'"
            ),
            (TokenizerText.file(postProcessor: #"{"type": "BertProcessing"}"#), "post-processor 'BertProcessing'"),
            (TokenizerText.file(decoder: #"{"type": "Metaspace"}"#), "decoder 'Metaspace'"),
            (
                TokenizerText.marked(normalizer: TokenizerText.replace, decoder: #"{"type": "Metaspace"}"#),
                "decoder 'Metaspace'"
            ),
            (
                TokenizerText.marked(normalizer: TokenizerText.replace, decoder: #"{"type": "ByteLevel"}"#),
                "decoder 'ByteLevel'"
            ),
            (
                TokenizerText.marked(
                    normalizer: TokenizerText.replace,
                    decoder: TokenizerText.decoders(#"{"type": "Strip", "content": " ", "start": 1, "stop": 0}"#)),
                "decoder 'Replace, Strip'"
            ),
            (
                TokenizerText.marked(
                    normalizer: TokenizerText.replace,
                    decoder: TokenizerText.decoders(
                        #"{"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 1}"#)),
                "decoder 'Replace, Fuse, Strip'"
            ),
            (TokenizerText.file(decoder: "null"), "decoder 'null'"),
        ])
    func unsupported(content: String, found: String) throws {
        let error = try #require(try TokenizerText.refusal(of: content))
        #expect(error.description.contains(found), "\(error)")
        #expect(error.description.contains("is not supported. t2 supports BPE tokenizers of two kinds"))
        #expect(error.exitStatus == .data)
    }

    @Test("A truncated file is refused as malformed, whatever its length")
    func truncated() throws {
        let whole = try String(contentsOfFile: TokenizerFixture.tokenizerPath("llama3"), encoding: .utf8)
        for length in stride(from: 0, to: whole.count - 2, by: 97) {
            let error = try #require(try TokenizerText.refusal(of: String(whole.prefix(length))))
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
        let ordinary = size - 3
        let small = #expect(throws: InputError.self) {
            try tokenizer.checkAgreement(with: configuration(vocabularySize: ordinary - 1, end: 0))
        }
        #expect(
            small?.description.contains(
                "is \(ordinary - 1), expected at most \(ordinary - 2) for the model's vocabulary")
                == true)
        let end = #expect(throws: InputError.self) {
            try tokenizer.checkAgreement(with: configuration(vocabularySize: size + 100, end: size))
        }
        #expect(end?.description.contains("/config.json: names \(size) as a token that starts or ends") == true)
    }

    @Test("Added tokens may be missing from the model, until a text uses one")
    func missingEmbeddings() throws {
        let tokenizer = try TokenizerFixture.tokenizer("llama3")
        let model = configuration(vocabularySize: tokenizer.vocabularySize - 1, end: 0)
        try tokenizer.checkAgreement(with: model)
        try tokenizer.checkEmbeddings(of: tokenizer.encode("a<|end|>b"), location: "the prompt", in: model)
        let error = #expect(throws: InputError.self) {
            try tokenizer.checkEmbeddings(of: tokenizer.encode("a<|endless|>"), location: "the prompt", in: model)
        }
        let (id, size) = (tokenizer.vocabularySize - 1, model.vocabularySize)
        #expect(
            error?.description.hasPrefix(
                "the prompt: has the token '<|endless|>' with identifier \(id), expected at most \(size - 1)") == true)
        #expect(error?.exitStatus == .data)
    }

    private func configuration(vocabularySize: Int, end: Int) -> ModelConfiguration {
        ModelConfiguration(
            vocabularySize: vocabularySize, hiddenSize: 8, intermediateSize: 8, layerCount: 1, headCount: 2,
            keyValueHeadCount: 1, headSize: 4, normEpsilon: 1e-5, ropeTheta: 10_000, contextLength: 16,
            tiedEmbeddings: true,
            beginningOfSequence: 0, endOfSequence: [end])
    }
}
