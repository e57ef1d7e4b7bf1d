import T2Core
import T2Text
import Testing

@Suite("The end of a completion")
struct EndTokenTests {
    private static func model(_ endOfSequence: [Int], generation: [Int]? = nil) -> ModelConfiguration {
        var model = ModelConfiguration(
            vocabularySize: 1000, hiddenSize: 4, intermediateSize: 4, layerCount: 1, headCount: 1,
            keyValueHeadCount: 1, headSize: 4, normEpsilon: 1e-5, ropeTheta: 10_000, contextLength: 64,
            tiedEmbeddings: true, beginningOfSequence: nil, endOfSequence: endOfSequence)
        model.generationEndOfSequence = generation
        return model
    }

    private static let problem = Problem(
        id: "p", topic: "t", prompt: "q", verification: .number(answer: "1"), reference: "It is 1.")

    @Test("is one of the tokens of generation_config.json alone, if there is such a file, else of config.json")
    func tokens() throws {
        let tokenizer = try TokenizerFixture.tokenizer("chat-llama-3")
        #expect(tokenizer.stopCondition(of: Self.model([3])).tokens == [3])
        #expect(tokenizer.stopCondition(of: Self.model([3], generation: [5, 7])).tokens == [5, 7])
        #expect(tokenizer.stopCondition(of: Self.model([3, 4], generation: [])).tokens == [])
    }

    @Test("of a chat model's right answer is the end token that its template writes after the assistant's turn")
    func references() throws {
        let tokenizer = try TokenizerFixture.tokenizer("chat-llama-3")
        let end = try #require(tokenizer.id(of: "<|eot_id|>"))
        let model = Self.model([3, Int(end)])
        #expect(
            try tokenizer.reference(of: Self.problem, after: [1], model: model)
                == tokenizer.encode("It is 1.") + [end])
        // The template writes none of these.
        #expect(try tokenizer.reference(of: Self.problem, after: [1], model: Self.model([3, 4])).last == 3)
        let long = [Int32](repeating: 1, count: 62)
        #expect(
            throws: PromptError.referenceTooLong(
                problem: "p", tokens: long.count + tokenizer.encode("It is 1.").count + 1, context: 64)
        ) {
            try tokenizer.reference(of: Self.problem, after: long, model: model)
        }
        let plain = try TokenizerFixture.tokenizer("llama3")
        #expect(
            try plain.reference(of: Self.problem, after: [], model: Self.model([3, 4]))
                == plain.encode("It is 1.") + [3])
    }

    @Test("may be a stop string, however it is split into tokens, which is not part of the text")
    func stopStrings() throws {
        let tokenizer = try TokenizerFixture.tokenizer("gpt2")
        let stop = tokenizer.stopCondition(of: Self.model([]), texts: ["\nQuestion:", "zz"])
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
}
