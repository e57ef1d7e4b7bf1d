import ArgumentParser
import T2Core
import T2Tasks

/// The task that a command works on, and where its problems are.
package struct TaskDataOptions: ParsableArguments {
    @Option(name: .customLong("task"), help: ArgumentHelp("The task's name.", valueName: "name"))
    package var name: String

    @Option(
        name: .customLong("data"),
        help: ArgumentHelp(
            "Folder with one folder per task. (default: data, beside the model folder)", valueName: "dir"))
    package var path: String?

    @Option(help: ArgumentHelp("Tokens of an answer at most.", valueName: "n"))
    package var maxTokens = RunConfiguration().maxTokens

    package func validate() throws {
        guard maxTokens > 0 else { throw ValidationError("--max-tokens is \(maxTokens), expected 1 or more.") }
    }

    package init() {}

    /// - Throws: `InputError` (usage) that suggests the nearest name.
    package func task() throws -> TrainingTask { try TaskRegistry.bundled.task(named: name) }

    package func folder(model: String) -> String { path ?? BaseModelFolder.defaultData(model: model) }
}

extension Split: ExpressibleByArgument {}
