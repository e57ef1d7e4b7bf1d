import ArgumentParser
import T2Core
import T2Formats
import T2Tasks

/// A task, and the folder of its data.
struct NamedTaskOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The task's name, or a folder with a task.yaml.", valueName: "name"))
    var name: String

    @Option(
        help: ArgumentHelp(
            "Folder that holds one folder per task. (default: the bundled experts/tiny/data)", valueName: "dir"))
    var data: String?

    /// - Throws: `InputError` (usage) that suggests the nearest name; errors of a wrong task.yaml.
    func task() throws -> TrainingTask { try TaskRegistry.bundled.task(named: name) }

    /// The folder of the data; a task of the user's own has its data in its own folder and ignores this one.
    func folder(of task: TrainingTask) throws -> String {
        if let data { return data }
        if task.own != nil { return "" }
        return try BaseModelFolder.defaultData(model: BundledExample.baseModelPath())
    }
}
