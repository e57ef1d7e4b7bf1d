import T2Core
import T2Text
import Testing

@Suite("For any text")
struct TokenizerPropertyTests {
    @Test("decoding the tokens of random Unicode text returns that text", arguments: ["gpt2", "llama3", "llama2"])
    func roundTrip(name: String) throws {
        let tokenizer = try TokenizerFixture.tokenizer(name)
        var random = SeededRandom(seed: 7)
        for _ in 0..<400 {
            var text = randomText(&random)
            if name == "llama2" { text.replace("▁", with: " ") }
            let ids = tokenizer.encode(text)
            #expect(scalars(tokenizer.decode(ids, skipSpecialTokens: false)) == scalars(text))
        }
    }

    @Test(
        "a long piece that cannot be split is encoded in little more than linear time", .timeLimit(.minutes(10)),
        arguments: ["a", "é", " ", "\n", "0", "!", "\u{301}\u{323}", "<|", "▁", "ab", "q", "日", " a", "[n", "[wide"])
    func longPieces(unit: String) throws {
        let text = String(repeating: unit, count: 100_000)
        for name in ["gpt2", "qwen2", "llama2", "crossing"] {
            let tokenizer = try TokenizerFixture.tokenizer(name)
            let ids = tokenizer.encode(text)
            // In the last, some characters have no token, and one unknown token stands for them all.
            guard name != "crossing" else {
                #expect(!ids.isEmpty)
                continue
            }
            let decoded = tokenizer.decode(ids, skipSpecialTokens: false)
            #expect(decoded.unicodeScalars.count == text.unicodeScalars.count)
        }
    }

    @Test(
        "white space that added tokens take in is looked through once, though it is full of such tokens",
        .timeLimit(.minutes(10)))
    func addedSpace() throws {
        let tokenizer = try TokenizerText.tokenizer(
            TokenizerText.file(
                added:
                    #"[{"id": 1, "content": " ", "lstrip": true, "rstrip": true}, {"id": 2, "content": "\n", "rstrip": true}]"#
            ))
        let ids = tokenizer.encode(String(repeating: "\n ", count: 500_000) + "a")
        #expect(ids == Array(repeating: 2, count: 500_000) + [0])
    }

    @Test("several threads can share one tokenizer")
    func threads() async throws {
        let tokenizer = try TokenizerFixture.tokenizer("qwen2")
        let encodings = try TokenizerFixture.load("qwen2").encodings
        let agreeing = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask { encodings.allSatisfy { tokenizer.encode($0.text) == $0.ids } }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(agreeing == 4)
    }

    private func randomText(_ random: inout SeededRandom) -> String {
        let ranges: [ClosedRange<UInt32>] = [
            0...0x7F, 0x20...0x7E, 0x80...0x24F, 0x300...0x36F, 0x370...0x1FFF, 0x2000...0x33FF, 0x4E00...0x9FFF,
            0xAC00...0xD7FF, 0xE000...0xFFFF, 0x1_0000...0x1_FFFF, 0x2_0000...0x10_FFFF,
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...40, using: &random) {
            let range = ranges[Int.random(in: 0..<ranges.count, using: &random)]
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) { text.append(scalar) }
        }
        return String(text)
    }
}
