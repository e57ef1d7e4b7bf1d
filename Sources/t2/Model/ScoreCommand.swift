import ArgumentParser
import T2CommandLine
import T2Core
import T2Engine
import T2Formats
import T2Model

/// Computes the log-probabilities of given texts.
struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Computes the log-probability of each token of a text, given the tokens before it.",
        discussion: """
            The command reads JSON Lines, {"ids": […]} or {"text": …}, and writes {"ids": […], "logprobs": [null, …]} for each, \
            in order: natural logarithms at temperature 1; the first token has none. Identifiers are scored as given; a text is \
            tokenized as by t2 tokenize, without special tokens. Blank lines are skipped. Lines are batched as they arrive, so a \
            program may write one and wait for its answer; the lines that share its batch change no more than the last bits.

            Examples:
              echo '{"text": "Question: …"}' | t2 score --model experts/tiny/base --input -
              t2 score --model experts/tiny/base --expert math.safetensors \\
                --input texts.jsonl
            """)

    @OptionGroup var model: ModelOptions

    @Option(help: ArgumentHelp("Type of the weights in memory: f32, bf16 or auto.", valueName: "type"))
    var weights = WeightChoice.f32

    @Option(
        help: ArgumentHelp(
            "Expert file of this base model, or a PEFT LoRA folder. (default: the base model)", valueName: "path"))
    var expert: String?

    @OptionGroup var laneOptions: LaneOptions

    @Option(help: ArgumentHelp("JSON Lines file; - is standard input.", valueName: "file"))
    var input: String

    /// The token count from which the form of execution follows. It is fixed, because that form decides the last bits.
    private static let expectedTokens = 8192

    func run() throws {
        let reader = try LineReader(path: input)
        // All small files are checked before the weights are loaded.
        let (folder, tokenizer) = try model.openFolder(weights)
        let policy = try expert.map { try ExpertFile(path: $0, for: folder).policy } ?? .base
        let base = try BaseModel(fitting: folder)
        let requests = ScoreRequestReader(reader, tokenizer, folder.configuration)
        let lanes = try laneOptions.pool(base)
        let execution = try ProgressReporter.during("decomposing", "matrices") {
            try PolicySet(policy, ModelAdapters(base, progress: $0)).execution(
                tokens: Self.expectedTokens, on: Transformer(base))
        }
        while true {
            let (batches, failure) = requests.next(lanes.count)
            let results = try lanes.map(batches) { lane, _, batch in
                try Self.score(batch, LogProbabilities(lane.transformer), execution)
            }
            for text in results { try StandardOutput.write(text) }
            if let failure { throw failure }
            if batches.isEmpty { return }
        }
    }

    private struct Scored: Encodable {
        let ids: [Int32]
        let logprobs: [Float?]
    }

    /// The output lines of a batch.
    private static func score(
        _ batch: [ScoreRequest], _ logProbabilities: LogProbabilities, _ execution: Execution
    ) throws -> String {
        let sequences = batch.compactMap(\.sequence)
        var scores = logProbabilities.score(sequences, execution, tokensPerBatch: ScoreRequestReader.tokensPerBatch)
            .makeIterator()
        return try batch.map { request in
            let values = request.sequence == nil ? [] : scores.next() ?? []
            guard values.allSatisfy(\.isFinite) else {
                throw ModelError.nonFinite(quantity: "a log-probability", location: request.location)
            }
            let first: [Float?] = request.ids.isEmpty ? [] : [nil]
            return try JSONText.line(Scored(ids: request.ids, logprobs: first + values))
        }.joined()
    }
}
