import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Engine
import T2Formats
import T2Jobs
import T2Tasks
import T2Text

/// Completes a prompt.
struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Completes a prompt, and prints the text as it is sampled.",
        discussion: """
            The prompt is tokenized as in training: the tokenizer's own prefix (often a beginning-of-sequence token) and the text, \
            or what a chat model's template writes for the text as the user's turn. Decoding is greedy unless --temperature is given. With --strategy the \
            command first decides which expert answers; standard error and --json show the decision. Ctrl-C ends the completion.

            Examples:
              t2 generate --model experts/tiny/base \\
                --prompt $'Problem: Compute 3*4-4.\\nSolution:'
              t2 generate --model experts/tiny/base --expert math.safetensors \\
                --temperature 0.8 --seed 1 --prompt - < prompt.txt
              t2 generate --model experts/tiny/base --experts experts/tiny \\
                --strategy cls-expert --prompt $'Question: Tom has 3 bags …'
            """)

    @OptionGroup var model: ModelOptions
    @OptionGroup var weights: WeightOptions
    @OptionGroup var selection: StrategyOptions
    @OptionGroup var sampling: SamplingOptions
    @OptionGroup var chat: ChatOptions

    // Training needs the whole distribution, so only this command truncates it.
    @Option(help: ArgumentHelp("Sample from the k most likely tokens.", valueName: "k"))
    var topK: Int?

    @Option(help: ArgumentHelp("Sample from the fewest tokens whose total probability reaches p.", valueName: "p"))
    var topP: Float?

    @Option(
        help: ArgumentHelp(
            "Text to complete; - reads it from standard input, without one final line break.", valueName: "text"))
    var prompt: String

    @Option(help: ArgumentHelp("Maximum tokens to generate; the context may hold fewer.", valueName: "n"))
    var maxTokens = 256

    @Option(
        name: .customLong("task"),
        help: ArgumentHelp("Task that supplies the examples of --strategy few-shot.", valueName: "name"))
    var taskName: String?

    @Option(help: .dataFolder)
    var data: String?

    @OptionGroup var laneOptions: LaneOptions
    @OptionGroup var verification: VerifierOptions

    @Flag(
        help:
            "Print one JSON object at the end: text, ids, logprobs, finished, adaptation, prompt_ids, seconds, tokens_per_second."
    )
    var json = false

    func validate() throws {
        try require("--max-tokens", maxTokens, atLeast: 1)
        try require("--top-k", topK, atLeast: 1)
        if let topP, !(topP > 0 && topP <= 1) {
            throw ValidationError("--top-p is \(topP), expected a number above 0 and at most 1.")
        }
        if sampling.temperature == 0, topK != nil || topP != nil {
            throw ValidationError(
                "--top-k and --top-p need --temperature above 0: greedy decoding has nothing to truncate.")
        }
    }

    /// The decision of the strategy.
    private struct Adaptation: Encodable {
        let strategy: String
        let dispatch: Dispatch?
        let coefficients: [String: [Double]]?

        var text: String {
            if let dispatch {
                return "\(strategy): \(dispatch.category), answered by "
                    + (dispatch.expert.map { "expert \($0)" } ?? "the base model")
            }
            return coefficients.map { "\(strategy): \(PlainText.coefficients($0))" } ?? strategy
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

    func run() async throws {
        let text = try prompt == "-" ? Self.readPrompt() : prompt
        let signals = StopSignals()
        let (folder, tokenizer) = try model.openFolder(weights.choice)
        let context = try chat.context(tokenizer)
        let reader = try reader(folder, tokenizer, context)
        let strategy = selection.strategy
        let seed = sampling.seed
        let assigner = try strategy.assigner(
            name: "generate", model: folder, experts: selection.experts, reader: reader, shots: selection.shots,
            seed: seed, examples: reader.announcedExamples)
        let promptTokens = try tokenizer.prompt(text, chat: context)
        try tokenizer.checkEmbeddings(of: promptTokens, location: "the prompt", in: folder.configuration)
        let host = try LocalHost(
            folder, tokenizer, lanes: laneOptions.plan(folder),
            verifier: try verification.verifier(
                parallelism: laneOptions.count, for: strategy == .fewShot ? [reader.task] : []))
        let assignment = try await assign(assigner, text, context, folder, host, signals)
        let adaptation = Adaptation(
            strategy: strategy.name, dispatch: assignment.dispatches?.first,
            coefficients: assignment.search?.coefficientsByExpert)
        if selection.strategyName != nil { StandardError.write("\(adaptation.text)\n") }
        let policy = PolicySet(assignment.policies[assignment.indices[0]], host.adapters)
        let lane = try Lane(host.adapters.base, threads: host.lanes.threads)
        let execution = try policy.execution(tokens: promptTokens.count + maxTokens, on: lane.transformer)
        // From here on a signal ends the completion, and its text so far is the result.
        signals.tell { _ in }
        let start = ContinuousClock.now
        var failure: (any Error)?
        let completion = try lane.complete(
            promptTokens, execution,
            Sampling(temperature: sampling.temperature, topK: topK, topP: topP, maxTokens: maxTokens),
            tokenizer: tokenizer, seed: seed
        ) { piece in
            do {
                if !json { try StandardOutput.write(piece) }
            } catch { failure = error }
            return failure == nil && !signals.isRequested
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
                    finished: completion.finishReason == .stop, adaptation: adaptation, prompt_ids: promptTokens,
                    seconds: seconds, tokens_per_second: Double(completion.tokens.count) / seconds)))
    }

    /// Decides which policy answers the prompt, with the local host if the strategy asks a model.
    private func assign(
        _ assigner: any PolicyAssigner, _ text: String, _ chat: ChatContext?, _ folder: BaseModelFolder,
        _ host: LocalHost, _ signals: StopSignals
    ) async throws -> PolicyAssignment {
        let prompt = Problem(id: "prompt", topic: "", prompt: text, verification: .unverified, chat: chat)
        let job = FirstPassJob(
            name: "generate", model: JobModel(folder), prompts: [prompt], strategy: assigner, seed: sampling.seed)
        guard try job.nextRound() != nil else { return try job.assignment() }
        let bar = JobProgressBar("few-shot")
        defer { bar.finish() }
        let ending = try await host.serve(runFolder: nil, signals: signals) { service in
            try await service.run(job, progress: { _ in }, onEvent: { iteration, _ in bar.report(iteration) })
        }
        guard case .finished(let finished) = ending else {
            throw InputError(
                "--strategy \(selection.strategy.name)", "it was stopped before its decision",
                remedy: "Run it again.", exitStatus: .tryAgain)
        }
        return try finished.assignment()
    }

    /// The reader of the task that supplies the few-shot examples; other strategies read no data.
    private func reader(
        _ model: BaseModelFolder, _ tokenizer: Tokenizer, _ chat: ChatContext?
    ) throws -> TaskReader {
        guard taskName != nil || selection.strategy != .fewShot else {
            throw ValidationError("--strategy few-shot needs --task NAME, the task that supplies its examples.")
        }
        return TaskReader(
            try TaskRegistry.bundled.task(named: taskName ?? RunConfiguration().task),
            folder: data ?? BaseModelFolder.defaultData(model: model.path), tokenizer: tokenizer,
            model: model.configuration, maxTokens: nil, chat: chat)
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
