import ArgumentParser
import T2Core
import T2Formats
import T2Jobs
import T2Tasks
import T2Text

/// The task that a command works on, where its problems are, and what is left out of them.
package struct TaskDataOptions: ParsableArguments {
    @Option(
        name: .customLong("task"),
        help: ArgumentHelp("The task's name, or the folder of a task of one's own.", valueName: "name"))
    package var name: String

    @Option(
        name: .customLong("data"),
        help: ArgumentHelp(
            "Folder with one folder per task. (default: data, beside the model folder)", valueName: "dir"))
    package var path: String?

    @Option(
        help: ArgumentHelp(
            "Tokens of an answer at most. (default: the task's own limit, or \(RunConfiguration().maxTokens))",
            valueName: "n"))
    package var maxTokens: Int?

    @Option(help: ArgumentHelp("What to do about malformed or repeated records.", valueName: "policy"))
    package var onBadRecord = BadRecordPolicy.fail

    @Option(help: ArgumentHelp("What to do about problems that do not fit into the context.", valueName: "policy"))
    package var onLongPrompt = LongPromptPolicy.fail

    package func validate() throws {
        if let maxTokens, maxTokens < 1 {
            throw ValidationError("--max-tokens is \(maxTokens), expected 1 or more.")
        }
    }

    package init() {}

    /// - Throws: `InputError` (usage) that suggests the nearest name; what a wrong task.yaml throws.
    package func task() throws -> TrainingTask { try TaskRegistry.bundled.task(named: name) }

    /// Of the task's problems for a model.
    ///
    /// - Parameter selection: a strategy whose first pass must be able to ask about each problem.
    /// - Throws: what reading the experts' library and its classification throws.
    package func reader(
        _ task: TrainingTask, _ model: BaseModelFolder, _ tokenizer: Tokenizer,
        for selection: StrategyOptions? = nil
    ) throws -> TaskReader {
        TaskReader(
            task, folder: path ?? BaseModelFolder.defaultData(model: model.path), tokenizer: tokenizer,
            model: model.configuration, maxTokens: maxTokens, onBadRecord: onBadRecord, onLongPrompt: onLongPrompt,
            classification: try selection?.classification(for: model))
    }
}

extension TaskReader {
    /// The problems of a split; what was left out is said on standard error.
    package func announcedProblems(_ split: Split, first limit: Int? = nil) throws -> [Problem] {
        announce(try problems(split, first: limit), split)
    }

    /// The same of the examples of a few-shot search.
    package func announcedExamples() throws -> [Problem] { announce(try examples(), .train) }

    private func announce(_ found: Problems, _ split: Split) -> [Problem] {
        for notice in found.notices { StandardError.write("\(task.name), \(split.rawValue): \(notice)\n") }
        return found.problems
    }
}

extension Split: ExpressibleByArgument {}
extension PromptForm: ExpressibleByArgument {}
extension BadRecordPolicy: ExpressibleByArgument {}
extension LongPromptPolicy: ExpressibleByArgument {}
