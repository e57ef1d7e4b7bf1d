import ArgumentParser
import Foundation
import T2CommandLine
import T2Adaptation
import T2Core
import T2Evaluation
import T2Tasks
import T2Text

/// Completes a prompt.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Completes a prompt, printing the text as it comes.",
        discussion: """
            The prompt is tokenized as in training: the tokenizer's own prefix (often a beginning-of-sequence token), then the \
            text, for a chat model as the user's turn. The default is greedy; --temperature draws instead. With --adapt a first pass decides which experts answer; \
            the decision goes to standard error and into --json. Ctrl-C ends it with what there is.

            Examples:
              t2 generate --model experts/tiny/base \\
                --prompt $'Problem: Compute 3*4-4.\\nSolution:'
              t2 generate --model experts/tiny/base --expert math.safetensors \\
                --temperature 0.8 --seed 1 --prompt - < prompt.txt
              t2 generate --model experts/tiny/base --experts experts/tiny \\
                --adapt cls-expert --prompt $'Question: Tom has 3 bags …'
            """)

    @OptionGroup var strategy: StrategyOptions
    @OptionGroup var sampling: SamplingOptions
    @OptionGroup var truncation: TruncationOptions

    @Option(
        help: ArgumentHelp(
            "Text to complete; - reads it from standard input, less one final line end.", valueName: "text"))
    var prompt: String

    @Option(help: ArgumentHelp("Tokens to generate at most; the context may hold fewer.", valueName: "n"))
    var maxTokens = 256

    @Option(
        name: .customLong("task"),
        help: ArgumentHelp("Task whose examples --adapt few-shot searches with.", valueName: "name"))
    var taskName: String?

    @Option(
        help: ArgumentHelp(
            "Folder with one folder per task. (default: data, beside the model folder)", valueName: "dir"))
    var data: String?

    @OptionGroup var laneOptions: LaneOptions
    @OptionGroup var verification: VerifierOptions

    @Flag(
        help:
            "Print one JSON object at the end: text, ids, logprobs, finished, adaptation, prompt_ids, seconds, tokens_per_second."
    )
    var json = false

    func validate() throws {
        guard maxTokens > 0 else { throw ValidationError("--max-tokens is \(maxTokens), expected 1 or more.") }
        if sampling.temperature == 0, truncation.topK != nil || truncation.topP != nil {
            throw ValidationError(
                "--top-k and --top-p need --temperature above 0: greedy choices leave nothing to cut.")
        }
    }

    /// What was decided, by whom and with what coefficients.
    private struct Adaptation: Encodable {
        let strategy: String
        let dispatch: Dispatch?
        let coefficients: [String: [Double]]?

        var text: String {
            if let dispatch {
                return "\(strategy): \(dispatch.category), answered by "
                    + (dispatch.expert.map { "expert \($0)" } ?? "the base model")
            }
            guard let coefficients else { return strategy }
            let shares = coefficients.sorted { $0.key < $1.key }.map { name, values in
                "\(name) " + String(format: "%.3f", values.reduce(0, +) / Double(values.count))
            }
            return "\(strategy): \(shares.joined(separator: ", "))"
        }
    }

    private struct Output: Encodable {
        let text: String
        let ids: [Int32]
        let logprobs: [Float]
        let finished: Bool
        let adaptation: Adaptation
        let prompt_ids: [Int32]
        let seconds: Double
        let tokens_per_second: Double
    }

    func run() throws {
        let text = try prompt == "-" ? Self.readPrompt() : prompt
        let (folder, tokenizer) = try strategy.model.openFolder()
        let loaded = try strategy.load(folder, tokenizer, lanes: laneOptions.count) {
            try fewShotSource(folder, tokenizer)
        }
        let promptTokens = loaded.tokenizer.prompt(text)
        let interruption = StopSignals { _ in }
        let lane = ModelLane(loaded.base)
        var dispatch: Dispatch?
        let generation: Generation
        switch loaded.policy {
        case .fixed(let model):
            generation = Generation(
                lane, tokenizer: loaded.tokenizer, execution: model.execution(tokens: promptTokens.count + maxTokens))
        case .dispatched(let dispatcher):
            let decided = try dispatcher.decide([text], lane: lane)[0]
            dispatch = decided
            generation = Generation(
                lane, tokenizer: loaded.tokenizer, execution: dispatcher.execution, expert: dispatcher.row(of: decided))
        }
        let adaptation = Adaptation(
            strategy: loaded.strategy, dispatch: dispatch, coefficients: loaded.coefficients)
        if strategy.selection.adapt != nil { StandardError.write("\(adaptation.text)\n") }
        let start = ContinuousClock.now
        var failure: (any Error)?
        let completion = try generation.complete(
            promptTokens,
            Sampling(
                temperature: sampling.temperature, topK: truncation.topK, topP: truncation.topP, maxTokens: maxTokens),
            seed: sampling.seed
        ) { piece in
            do {
                if !json { try StandardOutput.write(piece) }
            } catch { failure = error }
            return failure == nil && !interruption.isRequested
        }
        if let failure { throw failure }
        let seconds = (ContinuousClock.now - start).seconds
        guard json else {
            if !completion.text.hasSuffix("\n") { try StandardOutput.write("\n") }
            return
        }
        try StandardOutput.write(
            JSONText.line(
                Output(
                    text: completion.text, ids: completion.tokens, logprobs: completion.logProbabilities,
                    finished: completion.finished, adaptation: adaptation, prompt_ids: promptTokens, seconds: seconds,
                    tokens_per_second: Double(completion.tokens.count) / seconds)))
    }

    private func fewShotSource(
        _ model: BaseModelFolder, _ tokenizer: Tokenizer
    ) throws -> StrategyOptions.FewShotSource {
        guard let taskName else {
            throw ValidationError("--adapt few-shot needs --task NAME, the task whose examples it searches with.")
        }
        let task = try TaskRegistry.bundled.task(named: taskName)
        let reader = TaskReader(
            task, folder: data ?? BaseModelFolder.defaultData(model: model.path), tokenizer: tokenizer,
            model: model.configuration, maxTokens: nil)
        return StrategyOptions.FewShotSource(
            reader: reader, examples: try reader.announcedExamples(), seed: sampling.seed,
            verifier: try verification.verifier(parallelism: laneOptions.count, for: [task]))
    }

    private static func readPrompt() throws -> String {
        guard let data = try FileHandle.standardInput.readToEnd(), var text = String(data: data, encoding: .utf8) else {
            throw InputError(
                "standard input", "expected a prompt as UTF-8 text", remedy: "Pipe one in, or give --prompt TEXT.")
        }
        if text.hasSuffix("\n") { text.removeLast() }
        return text
    }
}
