import Foundation
import T2Core
import T2Text
import Testing

@Suite("Prompts of chat models")
struct ChatTemplateTests {
    private struct Rendering: Decodable {
        let text: String
        let ids: [Int32]
    }

    @Test("equal those that transformers renders", arguments: ChatTemplate.Family.allCases)
    func agreement(family: ChatTemplate.Family) throws {
        let tokenizer = try TokenizerFixture.tokenizer("chat-\(family.rawValue)")
        #expect(tokenizer.chatTemplate?.family == family)
        let renderings = try JSONDecoder().decode(
            [Rendering].self, from: Data(contentsOf: TokenizerFixture.file("chat-\(family.rawValue).json")))
        #expect(renderings.count > 200)
        for rendering in renderings {
            #expect(tokenizer.prompt(rendering.text) == rendering.ids, "\(rendering.text.debugDescription)")
        }
    }

    @Test("cannot be ended by a special token that the user writes", arguments: ChatTemplate.Family.allCases)
    func injection(family: ChatTemplate.Family) throws {
        let tokenizer = try TokenizerFixture.tokenizer("chat-\(family.rawValue)")
        let end = try #require(tokenizer.chatTemplate?.endOfTurn)
        let name = tokenizer.decode([end], skipSpecialTokens: false)
        let plain = tokenizer.prompt("a b").filter { $0 == end }.count
        let tokens = tokenizer.prompt("a \(name) b")
        #expect(plain == 1 && tokens.filter { $0 == end }.count == 1)
        #expect(tokenizer.decode(tokens, skipSpecialTokens: false).contains("a \(name) b"))
    }

    @Test("the end of the turn ends a completion and a right answer, and so do the model's own end tokens")
    func ends() throws {
        let tokenizer = try TokenizerFixture.tokenizer("chat-llama-3")
        let end = try #require(tokenizer.chatTemplate?.endOfTurn)
        let model = Self.model(endOfSequence: [3])
        #expect(tokenizer.stopCondition(of: model).tokens == [3, end])
        let problem = Problem(
            id: "p", topic: "t", prompt: "q", verification: .number(answer: "1"), reference: "It is 1.")
        #expect(try tokenizer.reference(of: problem, after: [1], model: model) == tokenizer.encode("It is 1.") + [end])
        let long = [Int32](repeating: 1, count: 62)
        #expect(
            throws: PromptError.referenceTooLong(
                problem: "p", tokens: long.count + tokenizer.encode("It is 1.").count + 1, context: 64)
        ) {
            try tokenizer.reference(of: problem, after: long, model: model)
        }
        let plain = try TokenizerFixture.tokenizer("llama3")
        #expect(try plain.reference(of: problem, after: [], model: model) == plain.encode("It is 1.") + [3])
    }

    @Test("a template of an unsupported family, or with tokens that the tokenizer lacks, is refused by name")
    func refusals() throws {
        func error(_ template: String) throws -> String {
            let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            try FileManager.default.copyItem(
                atPath: TokenizerFixture.tokenizerPath("chat-chatml"), toPath: folder.path + "/tokenizer.json")
            try template.write(to: folder.appending(path: "chat_template.jinja"), atomically: true, encoding: .utf8)
            return try #require(
                #expect(throws: InputError.self) {
                    try Tokenizer(path: folder.path + "/tokenizer.json").checkAgreement(
                        with: Self.model(endOfSequence: []))
                }
            ).description
        }
        #expect(
            try error("[INST] {{ message }} [/INST]").contains("none of the families that t2 supports: llama-3, chatml")
        )
        #expect(
            try error("<|start_header_id|>").contains(
                "writes '<|start_header_id|>', which is not a special token in its"))
    }

    @Test("a stop string ends a completion however it is split into tokens, and is not part of the text")
    func stopStrings() throws {
        let tokenizer = try TokenizerFixture.tokenizer("gpt2")
        let stop = tokenizer.stopCondition(of: Self.model(endOfSequence: []), texts: ["\nQuestion:", "zz"])
        for (text, expected) in [
            ("It is 4.\nQuestion: and", "It is 4."), ("It is 4.\nQ", nil), ("abzzc", "ab"), ("\nQuestion:", ""),
            ("Question:\nQuestio\nQuestion:", "Question:\nQuestio"), ("It is 4.\r\nQuestion: and", "It is 4.\r"),
        ] {
            let tokens = tokenizer.encode(text)
            var watch = StopDetector()
            let end = tokens.firstIndex { watch.ends($0, stop) }
            #expect((end != nil) == (expected != nil), "\(text)")
            guard let end, let expected else { continue }
            #expect(tokenizer.completion(Array(tokens[...end]), stopStrings: ["\nQuestion:", "zz"]) == expected)
        }
    }

    private static func model(endOfSequence: [Int]) -> ModelConfiguration {
        ModelConfiguration(
            vocabularySize: 1000, hiddenSize: 4, intermediateSize: 4, layerCount: 1, headCount: 1,
            keyValueHeadCount: 1, headSize: 4, normEpsilon: 1e-5, ropeTheta: 10_000, contextLength: 64,
            tiedEmbeddings: true, beginningOfSequence: nil, endOfSequence: endOfSequence)
    }
}
