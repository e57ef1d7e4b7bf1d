import ArgumentParser
import T2Core
import T2Formats
import T2Jobs
import T2Tasks
import T2Text

/// The task of a command, the folder of its data, and what to do about records that do not fit.
package struct TaskDataOptions: ParsableArguments {
    @Option(
        name: .customLong("task"),
        help: ArgumentHelp("Name of a task, or the folder of a task of your own.", valueName: "name"))
    package var name: String

    @Option(help: .dataFolder)
    package var data: String?

    @Option(
        help: ArgumentHelp(
            "Maximum tokens of an answer. (default: the task's own limit, or \(RunConfiguration().maxTokens))",
            valueName: "n"))
    package var maxTokens: Int?

    @Option(help: ArgumentHelp("What to do about malformed or repeated records.", valueName: "policy"))
    package var onBadRecord = BadRecordHandling.fail

    @Option(help: ArgumentHelp("What to do about problems that do not fit into the context.", valueName: "policy"))
    package var onLongPrompt = LongPromptHandling.fail

    package init() {}

    package func validate() throws { try require("--max-tokens", maxTokens, atLeast: 1) }

    /// - Throws: `InputError` (usage) that suggests the nearest name; errors of a wrong task.yaml.
    package func task() throws -> TrainingTask { try TaskRegistry.bundled.task(named: name) }

    /// Makes the reader of the task's problems for a model.
    ///
    /// - Parameters:
    ///   - chat: what the model's chat template reads besides each prompt.
    ///   - selection: the strategy; its first pass must be able to ask about each problem.
    package func reader(
        _ task: TrainingTask, _ model: BaseModelFolder, _ tokenizer: Tokenizer, _ chat: ChatOptions,
        for selection: StrategyOptions? = nil
    ) throws -> TaskReader {
        TaskReader(
            task, folder: data ?? BaseModelFolder.defaultData(model: model.path), tokenizer: tokenizer,
            model: model.configuration, maxTokens: maxTokens, onBadRecord: onBadRecord, onLongPrompt: onLongPrompt,
            classification: try selection?.classification(for: model), chat: try chat.context(tokenizer))
    }
}

extension TaskReader {
    /// The problems of a split. Standard error says what was left out.
    package func announcedProblems(_ split: Split, first limit: Int? = nil) throws -> [Problem] {
        announce(try problems(split, first: limit), split)
    }

    /// The examples of a few-shot search. Standard error says what was left out.
    package func announcedExamples() throws -> [Problem] { announce(try examples(), .train) }

    private func announce(_ found: Problems, _ split: Split) -> [Problem] {
        for notice in found.notices { StandardError.write("\(task.name), \(split.rawValue): \(notice)\n") }
        return found.problems
    }
}

extension Split: ExpressibleByArgument {}
extension PromptForm: ExpressibleByArgument {}
extension BadRecordHandling: ExpressibleByArgument {}
extension LongPromptHandling: ExpressibleByArgument {}

extension ArgumentHelp {
    /// The help of `--data`.
    package static let dataFolder = ArgumentHelp(
        "Folder that holds one folder per task. (default: data, beside the model folder)", valueName: "dir")
}
