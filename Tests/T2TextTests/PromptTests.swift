import T2Core
import T2Text
import Testing

@Suite struct PromptTests {
    let tokenizer: Tokenizer
    let full: Int

    init() throws {
        tokenizer = try TokenizerFixture.tokenizer("llama3")
        full = tokenizer.promptPrefix.count + tokenizer.encode(Self.problem.prompt).count
    }

    static let problem = Problem(
        id: "sum-7", topic: "t", prompt: "What is 3 + 4?", verification: .number(answer: "7"))

    @Test("a prompt is the tokenizer's prefix and the text, and may fill the context completely")
    func fits() throws {
        let tokens = try tokenizer.prompt(of: Self.problem, maxTokens: 5, contextLength: full + 5)
        #expect(tokens == tokenizer.promptPrefix + tokenizer.encode(Self.problem.prompt))
    }

    @Test("one token too many is refused with a remedy that works")
    func tooLong() throws {
        let error = #expect(throws: PromptError.self) {
            _ = try tokenizer.prompt(of: Self.problem, maxTokens: 5, contextLength: full + 4)
        }
        #expect(error == .tooLong(problem: "sum-7", tokens: full, maxTokens: 5, context: full + 4))
        #expect(
            error?.description
                == "problem sum-7: its prompt has \(full) tokens and max-tokens is 5, together \(full + 5); the model's context "
                + "holds \(full + 4). Lower max-tokens to 4 or less, shorten the prompt, or leave such problems out: on-long-prompt "
                + "skip.")
        #expect(error?.exitStatus == .data)
        _ = try tokenizer.prompt(of: Self.problem, maxTokens: 4, contextLength: full + 4)
    }

    @Test(
        "a prompt that leaves no room for an answer is refused without the advice to lower max-tokens",
        arguments: [0, 3])
    func noRoom(excess: Int) throws {
        let error = #expect(throws: PromptError.self) {
            _ = try tokenizer.prompt(of: Self.problem, maxTokens: 5, contextLength: full - excess)
        }
        #expect(error?.description.contains("Lower max-tokens") == false)
        #expect(
            error?.description.hasSuffix("shorten the prompt, or leave such problems out: on-long-prompt skip.") == true
        )
    }
}
