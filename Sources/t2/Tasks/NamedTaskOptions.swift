import ArgumentParser
import T2CommandLine
import T2Core
import T2Formats
import T2Tasks

/// A task and where the data of tasks is.
struct NamedTaskOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The task's name, or a folder with a task.yaml.", valueName: "name"))
    var name: String

    @Option(
        help: ArgumentHelp(
            "Folder of the tasks' or data sets' files. (default: that of the bundled experts/tiny)", valueName: "dir"))
    var data: String?

    /// - Throws: `InputError` (usage) that suggests the nearest name; what a wrong task.yaml throws.
    func task() throws -> TrainingTask { try TaskRegistry.bundled.task(named: name) }

    /// A task of the user's own never looks there.
    func folder(of task: TrainingTask) throws -> String {
        if let data { return data }
        if task.own != nil { return "" }
        return try BaseModelFolder.defaultData(model: BundledExample.baseModelPath())
    }
}
