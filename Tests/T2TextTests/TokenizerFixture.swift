import Foundation
import T2Text
import Testing

/// The tokens and texts that the tokenizers library gives for hard inputs with a small tokenizer, written by
/// `scripts/fixtures/make_tokenizer_fixtures.py`.
struct TokenizerFixture: Decodable {
    struct Encoding: Decodable {
        let text: String
        let ids: [Int32]
    }

    struct Decoding: Decodable {
        let ids: [Int32]
        let text: String
        let withoutSpecialTokens: String
    }

    let vocabularySize: Int
    let encodings: [Encoding]
    let decodings: [Decoding]

    /// Byte-level tokenizers.
    static let byteLevel = ["gpt2", "llama3", "qwen2", "digits", "other"]
    /// Tokenizers of SentencePiece's kind, in which ▁ is a space.
    static let spaceMarks = ["llama2", "mistral3", "metaspace", "crossing"]
    static let names = byteLevel + spaceMarks

    static func load(_ name: String) throws -> TokenizerFixture {
        let fixture = try JSONDecoder().decode(
            TokenizerFixture.self, from: Data(contentsOf: folder.appending(path: "\(name).json")))
        let count = byteLevel.contains(name) ? 278 : 327
        try #require(fixture.encodings.count == count && fixture.decodings.count == count + 40)
        return fixture
    }

    static func tokenizer(_ name: String) throws -> Tokenizer {
        try Tokenizer(path: tokenizerPath(name))
    }

    static func file(_ name: String) -> URL { folder.appending(path: name) }

    static func tokenizerPath(_ name: String) -> String { folder.appending(path: "\(name)/tokenizer.json").path }

    private static var folder: URL { Bundle.module.bundleURL.appending(path: "Fixtures") }
}

/// The scalars of a text, for comparisons: `String` treats canonically equivalent texts as equal.
func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }
