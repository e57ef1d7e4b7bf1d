import ArgumentParser
import T2CommandLine
import T2Core
import T2Formats
import T2Tasks

/// Shows a task, and a prompt as a model reads it.
struct ShowTaskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a task's splits, a prompt as a model reads it, and its right answer.",
        discussion: """
            The form chat is the user's message to an instruction-following model, before its chat template is applied; plain is \
            the text that a base model continues. With --model the prompt is shown as this very model reads it in training, \
            evaluation and few-shot searches: the text with all special tokens, and every token.

            Examples:
              t2 tasks show gsm-mini
              t2 tasks show arc-easy --data datasets --form plain --problem 3
              t2 tasks show gsm8k --data datasets --model models/llama --system 'Think step by step.'
            """)

    @OptionGroup var named: NamedTaskOptions

    @Option(help: ArgumentHelp("Part of the data. (default: the first)", valueName: "split"))
    var split: Split?

    @Option(help: ArgumentHelp("Index of the problem, from 0.", valueName: "k"))
    var problem = 0

    @Option(help: ArgumentHelp("Kind of model that the prompt is for. (default: plain)", valueName: "form"))
    var form: PromptForm?

    @Option(
        name: .customLong("model"),
        help: ArgumentHelp("Base model whose prompt is shown: a Hugging Face folder.", valueName: "dir"))
    var modelPath: String?

    @OptionGroup var chat: ChatOptions

    @Option(help: ArgumentHelp("What to do about malformed or repeated records.", valueName: "policy"))
    var onBadRecord = BadRecordHandling.fail

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        try require("--problem", problem, atLeast: 0)
        if modelPath != nil, form != nil {
            throw ValidationError("--model decides the form of its prompts: leave out --form.")
        }
        if modelPath == nil, chat.system != nil || chat.date != nil {
            throw ValidationError("--system and --date need --model, whose chat template reads them.")
        }
    }

    private struct Output: Encodable {
        let name: String
        let version: Int
        let summary: String
        let splits: [String]
        let split: String
        let problems: Int
        let skipped: [String]
        let form: String
        let stop: [String]
        let max_tokens: Int?
        let problem: Int
        let id: String
        let topic: String
        let prompt: String
        let reference: String?
        let verification: Verification
        let tokens: [ModelPrompt.Token]?
    }

    func run() throws {
        let task = try named.task()
        guard let split = split ?? task.splits.first else {
            throw InputError("task '\(task.name)'", "it has no split", remedy: "Name one under splits.")
        }
        let model = try modelPath.map { try ModelPrompt.Model(path: $0, chat) }
        let form = model?.form ?? form ?? .plain
        let folder = modelPath.flatMap { named.data == nil ? BaseModelFolder.defaultData(model: $0) : nil }
        let set = try task.problems(
            split: split, in: folder ?? named.folder(of: task), form: form, onBadRecord: onBadRecord)
        guard problem < set.problems.count else {
            throw InputError(
                "--problem", "it is \(problem), but \(split.rawValue) has \(set.problems.count) problems",
                remedy: "Give a number from 0 to \(set.problems.count - 1).", exitStatus: .usage)
        }
        let shown = set.problems[problem]
        let output = Output(
            name: task.name, version: task.version, summary: task.summary, splits: task.splits.map(\.rawValue),
            split: split.rawValue, problems: set.problems.count, skipped: set.skipped,
            form: form.rawValue, stop: task.stopStrings(form), max_tokens: task.maxTokens, problem: problem,
            id: shown.id, topic: shown.topic, prompt: shown.prompt, reference: shown.reference,
            verification: shown.verification, tokens: try model?.tokens(of: shown))
        try StandardOutput.write(json ? JSONText.line(output) : text(output))
    }

    private func text(_ output: Output) -> String {
        let number = "problem \(output.problem) of \(PlainText.count(output.problems))"
        let stop = output.stop.map(\.debugDescription).joined(separator: " ")
        var rows: [(name: String, value: String)] = [
            ("task", "\(output.name), version \(output.version): \(output.summary)"),
            ("splits", output.splits.joined(separator: ", ")), ("shown", "\(output.split), \(number): \(output.id)"),
            ("form", output.form), ("stops at", output.stop.isEmpty ? "the end token" : stop),
            ("checked by", "\(output.verification)"),
        ]
        if !output.skipped.isEmpty {
            rows.append(("left out", "\(output.skipped.count) records, the first: \(output.skipped[0])"))
        }
        let reference = output.reference.map { "\n--- right answer ---\n\($0)\n" } ?? ""
        guard let tokens = output.tokens else {
            return PlainText.table(rows) + "\n--- prompt ---\n\(output.prompt)\n\(reference)"
        }
        let width = tokens.map { "\($0.id)".count }.max() ?? 0
        let lines = tokens.map { token in
            "\(String(repeating: " ", count: width - "\(token.id)".count))\(token.id)  \(token.text.debugDescription)\n"
        }
        return PlainText.table(rows) + "\n--- prompt, \(tokens.count) tokens ---\n\(lines.joined())\(reference)"
    }
}
