import Foundation
import T2Core
import T2Formats
import T2Text
import Testing

/// What transformers makes of texts for a folder that declares tokens outside `tokenizer.json`, written by
/// `scripts/fixtures/make_declared_token_fixtures.py`.
struct DeclaredTokenFixture: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let tokenizer: String
    let files: [String: String]
    let size: Int
    let names: [String: String]
    let encodings: [TokenizerFixture.Encoding]
    let withoutSpecialTokens: [String]

    var testDescription: String { name }

    static func all() -> [DeclaredTokenFixture] {
        let data = try? Data(contentsOf: TokenizerFixture.file("declared-tokens.json"))
        return data.flatMap { try? JSONDecoder().decode([DeclaredTokenFixture].self, from: $0) } ?? []
    }
}

@Suite("Tokens that a folder declares outside tokenizer.json")
struct DeclaredTokenTests {
    @Test("are found in texts as transformers finds them", arguments: DeclaredTokenFixture.all())
    func fixtures(fixture: DeclaredTokenFixture) throws {
        let folder = try ChatFolder(fixture.files, tokenizer: fixture.tokenizer)
        let tokenizer = try folder.tokenizer()
        #expect(tokenizer.vocabularySize == fixture.size)
        #expect(try DeclaredTokens(folder: folder.path).names == fixture.names)
        for (encoding, text) in zip(fixture.encodings, fixture.withoutSpecialTokens) {
            #expect(tokenizer.encode(encoding.text) == encoding.ids, "\(encoding.text)")
            #expect(scalars(tokenizer.decode(encoding.ids, skipSpecialTokens: true)) == scalars(text))
        }
    }

    @Test("are all in the fixture")
    func count() { #expect(DeclaredTokenFixture.all().count == 27) }

    private static let llama3 = #""640": {"content": "<|begin|>"}, "641": {"content": "<|end|>"}"#

    @Test(
        "are refused, by file, where files contradict each other",
        arguments: [
            (
                ["tokenizer_config.json": #"{"added_tokens_decoder": {"643": {"content": "<|end|>"}}}"#],
                "DIR/tokenizer_config.json: gives the token '<|end|>' the identifier 643, but tokenizer.json gives it 641"
            ),
            (
                ["tokenizer_config.json": #"{"added_tokens_decoder": {"641": {"content": "<|new|>"}}}"#],
                "DIR/tokenizer_config.json: gives the identifier 641 to '<|new|>', but tokenizer.json gives it to '<|end|>'"
            ),
            (
                ["tokenizer_config.json": #"{"added_tokens_decoder": {"65": {"content": "<|new|>"}}}"#],
                "gives the identifier 65 to '<|new|>', but tokenizer.json gives it to"
            ),
            (
                ["added_tokens.json": #"{"<|new|>": 640}"#],
                "DIR/added_tokens.json: gives the identifier 640 to '<|new|>', but tokenizer.json gives it to '<|begin|>'"
            ),
            (["added_tokens.json": #"{"<a>": 700, "<b>": 700}"#], "gives the identifier 700 to '<a>' and '<b>'"),
            (
                [
                    "tokenizer_config.json":
                        #"{"tokenizer_class": "GPT2Tokenizer", "added_tokens_decoder": {\#(llama3)}}"#
                ],
                "has added_tokens_decoder without '<|endless|>', which tokenizer.json adds"
            ),
            (
                ["tokenizer_config.json": #"{"image_token": "<i>", "audio_token": "<a>"}"#],
                "DIR/tokenizer.json: this is not a readable tokenizer: it lacks '<a>' and '<i>'"
            ),
        ] as [([String: String], String)])
    func contradictions(files: [String: String], problem: String) throws {
        let refusal = try refusal(files)
        #expect(refusal.contains(problem), "\(refusal)")
    }

    @Test(
        "are refused, by file, where they are no tokens",
        arguments: [
            #"{"bos_token": 5}"#, #"{"eos_token": ["</s>"]}"#, #"{"pad_token": {"text": "x"}}"#,
            #"{"added_tokens_decoder": null}"#, #"{"added_tokens_decoder": {"x": {"content": "<a>"}}}"#,
            #"{"added_tokens_decoder": {"-1": {"content": "<a>"}}}"#, #"{"added_tokens_decoder": {"643": "<a>"}}"#,
            #"{"added_tokens_decoder": {"643": {"content": "<a>", "lstrip": "yes"}}}"#,
            #"{"additional_special_tokens": 3}"#, #"{"extra_special_tokens": [null]}"#, #"{"tokenizer_class": 1}"#,
            "[]",
        ])
    func malformed(configuration: String) throws {
        let refusal = try refusal(["tokenizer_config.json": configuration])
        #expect(refusal.hasPrefix("DIR/tokenizer_config.json: cannot be read"), "\(refusal)")
    }

    @Test("may have identifiers beyond the model's embedding, until a text uses one")
    func beyondTheModel() throws {
        let folder = try ChatFolder(["tokenizer_config.json": #"{"pad_token": "[PAD]"}"#], tokenizer: "llama3")
        let tokenizer = try folder.tokenizer()
        let model = ModelConfiguration(
            vocabularySize: 643, hiddenSize: 8, intermediateSize: 8, layerCount: 1, headCount: 2, keyValueHeadCount: 1,
            headSize: 4, normEpsilon: 1e-5, ropeTheta: 10_000, contextLength: 16, tiedEmbeddings: true,
            beginningOfSequence: 640, endOfSequence: [641])
        try tokenizer.checkAgreement(with: model)
        try tokenizer.checkEmbeddings(of: tokenizer.encode("a<|end|>"), location: "the text", in: model)
        let error = #expect(throws: InputError.self) {
            try tokenizer.checkEmbeddings(of: tokenizer.encode("a[PAD]"), location: "the text", in: model)
        }
        #expect(
            error?.description.hasPrefix("the text: has the token '[PAD]' with identifier 643, expected at most 642")
                == true)
    }

    private func refusal(_ files: [String: String]) throws -> String {
        let folder = try ChatFolder(files, tokenizer: "llama3")
        let error = #expect(throws: InputError.self) { try folder.tokenizer() }
        return error?.description.replacing(folder.path, with: "DIR") ?? ""
    }
}
