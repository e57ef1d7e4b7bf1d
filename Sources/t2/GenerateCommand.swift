import ArgumentParser
import Foundation
import T2Adaptation
import T2Core

/// Completes a prompt.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Completes a prompt, printing the text as it comes.",
        discussion: """
            The prompt is tokenized as in training: the tokenizer's own prefix (often a beginning-of-sequence token), then the \
            text. The default is greedy; --temperature draws instead. Ctrl-C ends it with what there is.

            Examples:
              t2 generate --model experts/tiny/base \\
                --prompt $'Problem: Compute 3*4-4.\\nSolution:'
              t2 generate --model experts/tiny/base --expert math.safetensors \\
                --temperature 0.8 --seed 1 --prompt - < prompt.txt
            """)

    @OptionGroup var options: AdaptedModelOptions
    @OptionGroup var sampling: SamplingOptions
    @OptionGroup var truncation: TruncationOptions

    @Option(
        help: ArgumentHelp(
            "Text to complete; - reads it from standard input, less one final line end.", valueName: "text"))
    var prompt: String

    @Option(help: ArgumentHelp("Tokens to generate at most; the context may hold fewer.", valueName: "n"))
    var maxTokens = 256

    @Flag(
        help: "Print one JSON object at the end: text, ids, logprobs, finished, prompt_ids, seconds, tokens_per_second."
    )
    var json = false

    func validate() throws {
        guard maxTokens > 0 else { throw ValidationError("--max-tokens is \(maxTokens), expected 1 or more.") }
        if sampling.temperature == 0, truncation.topK != nil || truncation.topP != nil {
            throw ValidationError(
                "--top-k and --top-p need --temperature above 0: greedy choices leave nothing to cut.")
        }
    }

    private struct Output: Encodable {
        let text: String
        let ids: [Int32]
        let logprobs: [Float]
        let finished: Bool
        let prompt_ids: [Int32]
        let seconds: Double
        let tokens_per_second: Double
    }

    func run() throws {
        let text = try prompt == "-" ? Self.readPrompt() : prompt
        let loaded = try options.load()
        let promptTokens = loaded.tokenizer.promptPrefix + loaded.tokenizer.encode(text)
        let interruption = StopSignals { _ in }
        let generation = Generation(
            ModelLane(loaded.model.base), tokenizer: loaded.tokenizer,
            execution: loaded.model.execution(tokens: promptTokens.count + maxTokens))
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
                    finished: completion.finished, prompt_ids: promptTokens, seconds: seconds,
                    tokens_per_second: Double(completion.tokens.count) / seconds)))
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
