import T2Text
import Testing

@Suite("The tokenizer agrees with the tokenizers library")
struct TokenizerReferenceTests {
    @Test("on the tokens of hard texts", arguments: TokenizerFixture.names)
    func encoding(name: String) throws {
        let tokenizer = try TokenizerFixture.tokenizer(name)
        for expected in try TokenizerFixture.load(name).encodings {
            #expect(tokenizer.encode(expected.text) == expected.ids, "\(expected.text.debugDescription)")
        }
    }

    @Test(
        "on the text of tokens, including unfinished characters, special tokens and unknown identifiers",
        arguments: TokenizerFixture.names)
    func decoding(name: String) throws {
        let tokenizer = try TokenizerFixture.tokenizer(name)
        for expected in try TokenizerFixture.load(name).decodings {
            let whole = tokenizer.decode(expected.ids, skipSpecialTokens: false)
            #expect(scalars(whole) == scalars(expected.text), "\(expected.ids)")
            let withoutSpecial = tokenizer.decode(expected.ids, skipSpecialTokens: true)
            #expect(scalars(withoutSpecial) == scalars(expected.withoutSpecialTokens), "\(expected.ids)")
        }
    }

    @Test("on the size of the vocabulary", arguments: TokenizerFixture.names)
    func vocabularySize(name: String) throws {
        #expect(try TokenizerFixture.tokenizer(name).vocabularySize == TokenizerFixture.load(name).vocabularySize)
    }

    @Test(
        "Streaming gives the same text after any number of tokens as decoding them at once",
        arguments: TokenizerFixture.names)
    func streaming(name: String) throws {
        let tokenizer = try TokenizerFixture.tokenizer(name)
        for decoding in try TokenizerFixture.load(name).decodings {
            var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true)
            var text = ""
            for (index, id) in decoding.ids.enumerated() {
                text += decoder.append(id)
                var stopped = decoder
                let whole = tokenizer.decode(Array(decoding.ids[...index]), skipSpecialTokens: true)
                #expect(scalars(text) + scalars(stopped.finish()) == scalars(whole))
            }
            #expect(scalars(text + decoder.finish()) == scalars(decoding.withoutSpecialTokens))
        }
    }

    @Test("A character spread over tokens is returned once, whole, with its last token")
    func streamedCharacter() throws {
        let tokenizer = try TokenizerFixture.tokenizer("gpt2")
        let ids = tokenizer.encode("𓀀")
        #expect(ids.count > 1)
        var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: false)
        let parts = ids.map { decoder.append($0) }
        #expect(parts == Array(repeating: "", count: ids.count - 1) + ["𓀀"])
        #expect(decoder.finish() == "")
    }

    @Test("Of characters in byte tokens, a stream returns those of a whole run, since the next byte can spoil them all")
    func streamedByteTokens() throws {
        let tokenizer = try TokenizerFixture.tokenizer("llama2")
        let bytes = try ["<0xC3>", "<0xA9>", "<0xC3>"].map { try #require(tokenizer.id(of: $0)) }
        let space = try #require(tokenizer.id(of: "▁"))
        var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: false)
        #expect(([space] + bytes[..<2] + [space]).map { decoder.append($0) } == ["", "", "", "é "])
        #expect(bytes.map { decoder.append($0) } == ["", "", ""])
        #expect(decoder.finish() == "\u{FFFD}\u{FFFD}\u{FFFD}")
        #expect(decoder.append(space) + decoder.append(space) == " ", "a new text begins without its first space")
    }

    @Test("A text that follows a special token gets the space before it that the tokenizer's kind asks for")
    func textAfterSpecialToken() throws {
        for name in TokenizerFixture.spaceMarks {
            let tokenizer = try TokenizerFixture.tokenizer(name)
            let begin = try #require(tokenizer.id(of: "<s>"))
            let following = tokenizer.encode("the fox", isStart: false)
            #expect([begin] + following == tokenizer.encode("<s>the fox"))
            #expect((following == tokenizer.encode(" the fox")) == (name == "metaspace"))
            #expect((following == tokenizer.encode("the fox")) == (name != "mistral3"))
        }
    }

    @Test("The prompt's prefix is the tokens that the template puts before a text")
    func promptPrefix() throws {
        let tokenizer = try TokenizerFixture.tokenizer("llama3")
        #expect(tokenizer.promptPrefix == [try #require(tokenizer.id(of: "<|begin|>"))])
        #expect(try TokenizerFixture.tokenizer("gpt2").promptPrefix == [])
    }

    @Test(
        "Added tokens have the identifiers that the tokenizers library gives them, whatever the file says",
        arguments: [
            (["<a>": 1, "<b>": 6], ["<a>": 1, "<b>": 2]), (["<a>": 4, "<b>": 5], ["<a>": 1, "<b>": 2]),
            (["<b>": 2, "<a>": 1], ["<b>": 1, "<a>": 2]), (["<a>": 1, "<b>": 1], ["<a>": 1, "<b>": 2]),
            (["a": 1, "<b>": 2], ["a": 0, "<b>": 1]), (["": 1, "<b>": 2], ["<b>": 1]),
        ] as [(KeyValuePairs<String, Int>, [String: Int32])])
    func addedIdentifiers(written: KeyValuePairs<String, Int>, given: [String: Int32]) throws {
        let added = written.map { #"{"id": \#($0.value), "content": "\#($0.key)", "special": true}"# }
        let tokenizer = try TokenizerText.tokenizer(
            TokenizerText.file(added: "[\(added.joined(separator: ", "))]"))
        for (content, id) in given {
            #expect(tokenizer.id(of: content) == id)
            #expect(tokenizer.encode(content) == [id])
            #expect(tokenizer.decode([id], skipSpecialTokens: false) == content)
        }
        #expect(tokenizer.vocabularySize == Int(given.values.max() ?? 0) + 1)
    }

    @Test("Tokens are found by their spelling in the file")
    func identifiers() throws {
        let tokenizer = try TokenizerFixture.tokenizer("gpt2")
        let id = try #require(tokenizer.id(of: "Ġthe"))
        #expect(tokenizer.encode(" the") == [id])
        #expect(tokenizer.id(of: " the") == nil)
        #expect(tokenizer.id(of: "<|end|>").map(Int.init) == tokenizer.vocabularySize - 1)
    }
}
