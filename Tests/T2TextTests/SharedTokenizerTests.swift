import Foundation
import T2Text
import Testing

/// Published tokenizers, which are too large for the repository. They are read from the folder `tokenizers` in
/// `$T2_SHARED`, or in `shared` beside the checkout.
private enum SharedTokenizers {
    static func path(_ name: String) -> String {
        let checkout = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let shared =
            ProcessInfo.processInfo.environment["T2_SHARED"].map { URL(filePath: $0) }
            ?? checkout.appending(path: "../shared")
        return shared.appending(path: "tokenizers/\(name)").standardized.path
    }

    static func exist(_ names: String...) -> Bool {
        names.allSatisfy { FileManager.default.fileExists(atPath: path($0)) }
    }
}

@Suite("Published tokenizers")
struct SharedTokenizerTests {
    @Test(
        "GPT-2 agrees with tiktoken on every text, and decoding returns the text",
        .enabled(
            if: SharedTokenizers.exist("gpt2/tokenizer.json", "expected/gpt2.tiktoken.jsonl"),
            "shared/tokenizers/gpt2 or expected/gpt2.tiktoken.jsonl is absent"))
    func gpt2() throws {
        let tokenizer = try Tokenizer(path: SharedTokenizers.path("gpt2/tokenizer.json"))
        let lines = try String(contentsOfFile: SharedTokenizers.path("expected/gpt2.tiktoken.jsonl"), encoding: .utf8)
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
        "A vocabulary that lacks bytes drops them as the tokenizers library does, and reports how many it lacks",
        .enabled(
            if: SharedTokenizers.exist("byte-level-small/tokenizer.json"),
            "shared/tokenizers/byte-level-small is absent"))
    func incompleteVocabulary() throws {
        let tokenizer = try Tokenizer(path: SharedTokenizers.path("byte-level-small/tokenizer.json"))
        let ids = tokenizer.encode("Hello world")
        #expect(ids == [72, 101, 108, 108, 111, 119, 111, 114, 108, 100])
        #expect(tokenizer.decode(ids, skipSpecialTokens: false) == "Helloworld")
        #expect(tokenizer.missingByteCount == 256 - 94)
    }
}
