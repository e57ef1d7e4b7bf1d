import Foundation
import T2TestSupport
import T2Text
import Testing

@Suite("Published tokenizers")
struct PublishedTokenizerTests {
    @Test(
        "GPT-2 agrees with tiktoken on every text and gives it back",
        .enabled(
            if: PublishedFiles.tokenizers.have(["gpt2/tokenizer.json", "expected/gpt2.tiktoken.jsonl"]),
            "\(PublishedFiles.tokenizers.absence(of: ["gpt2/tokenizer.json", "expected/gpt2.tiktoken.jsonl"]))"))
    func gpt2() throws {
        let tokenizer = try Tokenizer(path: PublishedFiles.tokenizers.path("gpt2/tokenizer.json"))
        let expected = PublishedFiles.tokenizers.path("expected/gpt2.tiktoken.jsonl")
        let lines = try String(contentsOfFile: expected, encoding: .utf8)
        let encodings = try lines.utf8.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(TokenizerFixture.Encoding.self, from: Data($0))
        }
        #expect(encodings.count == 149)
        for expected in encodings {
            #expect(tokenizer.encode(expected.text) == expected.ids, "\(expected.text.debugDescription)")
            #expect(scalars(tokenizer.decode(expected.ids, skipSpecialTokens: false)) == scalars(expected.text))
        }
    }

    @Test(
        "A vocabulary that lacks bytes drops them as the tokenizers library does",
        .enabled(
            if: PublishedFiles.tokenizers.have(["byte-level-small/tokenizer.json"]),
            "\(PublishedFiles.tokenizers.absence(of: ["byte-level-small/tokenizer.json"]))"))
    func incompleteVocabulary() throws {
        let tokenizer = try Tokenizer(path: PublishedFiles.tokenizers.path("byte-level-small/tokenizer.json"))
        let ids = tokenizer.encode("Hello world")
        #expect(ids == [72, 101, 108, 108, 111, 119, 111, 114, 108, 100])
        #expect(tokenizer.decode(ids, skipSpecialTokens: false) == "Helloworld")
    }
}
