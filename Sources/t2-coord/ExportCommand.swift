import ArgumentParser
import T2CommandLine
import T2Monitor

/// Writes the learning curves of a run for TensorBoard.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes a run's learning curves as event files for TensorBoard.",
        discussion: """
            The file lies in a folder of the run's name, so that several runs can share DIR. The run may continue meanwhile, and \
            the same command then adds what is new. To write the events during training, use t2-coord start --tensorboard DIR.

            Example:
              t2-coord export --tensorboard tensorboard --run-dir runs/math && tensorboard --logdir tensorboard
            """)

    @Option(help: ArgumentHelp("Folder for the event files.", valueName: "dir"))
    var tensorboard: String

    @Option(name: .customLong("run-dir"), help: ArgumentHelp("The run's folder.", valueName: "dir"))
    var runFolder: String

    func run() throws {
        let (path, steps, evaluations) = try EventFile.export(runFolder: runFolder, to: tensorboard)
        try StandardOutput.write("\(path): \(steps) updates, \(evaluations) evaluations\n")
    }
}
