import T2Core
import T2Engine
import T2Formats
import T2Model
import T2Text

/// How far the log-probabilities of tokens under a LoRA adapter, and under the base model, are from those under the
/// expert that the adapter approximates: the mean and the largest |Δ log p| of a token, in nats.
struct LogProbabilityDifference: Encodable {
    private(set) var tokens = 0
    private(set) var mean = 0.0
    private(set) var largest = 0.0
    /// Of the base model, for comparison.
    private(set) var base_mean = 0.0
    private(set) var base_largest = 0.0

    /// The prompts whose greedy answers are compared if no texts are given.
    private static let prompts = [
        "Question: Tom has 3 bags with 4 apples each. He eats 2 apples. How many apples does he have?\nAnswer:",
        "Write a Python function run(vals) that returns the sum of the even numbers in vals.\nCode:",
        "Question: Which number comes next? 16 25 34\nOptions: 45 A, 42 B, 43 C, 44 D\nAnswer:",
        "Name three colours of the rainbow.",
    ]
    private static let answerTokens = 64
    /// The token count from which the form of execution follows, as in `t2 score`.
    private static let expectedTokens = 8192

    /// Compares the tokens of given texts, without each text's first, or those of the expert's greedy answers to a few
    /// prompts.
    ///
    /// - Parameter texts: the lines of `t2 score`.
    /// - Throws: `InputError` for a text that the model cannot read, and if there are none; `ModelError.nonFinite`;
    ///   errors of the decomposition.
    init(
        of expert: Policy, _ approximation: Policy, texts: ScoreRequestReader?, _ base: BaseModel,
        _ tokenizer: Tokenizer, lanes: LanePool, progress: @escaping @Sendable (Int, Int) -> Void
    ) throws {
        let adapters = ModelAdapters(base, progress: progress)
        let execution = try PolicySet(expert, adapters).execution(
            tokens: Self.expectedTokens, on: Transformer(base))
        let executions = [
            execution, try PolicySet(approximation, adapters).factored(), .merged(base.weights),
        ]
        guard let texts else {
            try compare([try Self.answers(execution, base, tokenizer, lanes)], executions, lanes)
            return
        }
        while true {
            let (batches, failure) = texts.next(lanes.count)
            if let failure { throw failure }
            if batches.isEmpty { break }
            try compare(batches.map { $0.compactMap(\.sequence) }, executions, lanes)
        }
        guard tokens > 0 else {
            throw InputError(
                "--input", "has no text of two tokens or more, so there is nothing to compare",
                remedy: "Give texts as t2 score reads them.")
        }
    }

    /// - Parameter executions: of the expert, of its approximation and of the base model.
    private mutating func compare(_ batches: [[ScoredSequence]], _ executions: [Execution], _ lanes: LanePool) throws {
        let scores = try lanes.map(batches) { lane, _, batch in
            let logProbabilities = LogProbabilities(lane.transformer)
            return executions.map { execution in
                Array(
                    logProbabilities.score(batch, execution, tokensPerBatch: ScoreRequestReader.tokensPerBatch).joined()
                )
            }
        }
        for values in scores {
            for index in values[0].indices {
                let found = values.map { Double($0[index]) }
                guard found.allSatisfy(\.isFinite) else {
                    throw ModelError.nonFinite(quantity: "a log-probability", location: "the comparison")
                }
                let (difference, ofBase) = (abs(found[1] - found[0]), abs(found[2] - found[0]))
                tokens += 1
                mean += (difference - mean) / Double(tokens)
                largest = max(largest, difference)
                base_mean += (ofBase - base_mean) / Double(tokens)
                base_largest = max(base_largest, ofBase)
            }
        }
    }

    private static func answers(
        _ execution: Execution, _ base: BaseModel, _ tokenizer: Tokenizer, _ lanes: LanePool
    ) throws -> [ScoredSequence] {
        let requests = try prompts.map { text in
            let prompt = try tokenizer.prompt(text)
            try tokenizer.checkEmbeddings(of: prompt, location: "the prompt '\(text)'", in: base.configuration)
            guard prompt.count < base.configuration.contextLength else {
                throw InputError(
                    base.folder.path,
                    "its context of \(base.configuration.contextLength) tokens is too short for the prompts of the comparison",
                    remedy: "Give shorter texts: --input FILE.")
            }
            return SampleRequest(prompt: prompt, random: SeededRandom(seed: 0, .generation))
        }
        let stop = tokenizer.stopCondition(of: base.configuration)
        let completions = try lanes.map([requests]) { lane, _, requests in
            try lane.sampler.sample(
                requests, execution, Sampling(temperature: 0, maxTokens: answerTokens), stop: stop)
        }
        return completions.joined().map { ScoredSequence(prompt: $0.prompt, completion: $0.tokens) }
    }
}
