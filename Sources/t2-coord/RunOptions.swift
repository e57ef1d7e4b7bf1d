import ArgumentParser
import Foundation
import T2Coordinator
import T2Core

/// What to train, from which configuration, and where to.
struct RunOptions: ParsableArguments {
    @Option(name: .customLong("model"), help: ArgumentHelp("Base model: a Hugging Face folder.", valueName: "dir"))
    var model: String?

    @Option(help: ArgumentHelp("Task to train on.", valueName: "name"))
    var task: String?

    @Option(
        name: .customLong("run-dir"),
        help: ArgumentHelp("Folder for everything the run leaves. (default: runs/<task>-<date>)", valueName: "dir"))
    var runFolder: String?

    @Option(name: .customLong("config"), help: ArgumentHelp("Configuration file.", valueName: "file.yaml"))
    var configurationFile: String?

    @Option(help: ArgumentHelp("Updates to make.", valueName: "n"))
    var steps: String?

    @Option(help: ArgumentHelp("Of every random number of the run.", valueName: "s"))
    var seed: String?

    @Option(
        help: ArgumentHelp(
            "Folder with one folder per task. (default: data, beside the model folder)", valueName: "dir"))
    var data: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Any key of a configuration file; may be repeated.", valueName: "key=value"))
    var settings: [String] = []

    /// What the options amount to.
    struct Request {
        let source: ConfigurationSource
        let runFolder: String
        /// What was decided for want of an option.
        let notice: String?
    }

    func request(resume: Bool) throws -> Request {
        var assignments = try settings.map(ConfigurationSource.Assignment.init(setting:))
        for (key, value) in [("model", model), ("task", task), ("steps", steps), ("seed", seed), ("data", data)] {
            if let value { assignments.append(.init(key: key, value: value, place: "--\(key)")) }
        }
        var file = configurationFile
        var notice: String?
        if resume, file == nil, let runFolder { file = runFolder + "/configuration.yaml" }
        if file == nil, model == nil, !assignments.contains(where: { $0.key == "model" }) {
            let example = try Self.bundledExample(
                task: assignments.last { $0.key == "task" }?.value)
            file = example.file
            if let model = example.model {
                assignments.append(.init(key: "model", value: model, place: "bundled model"))
            }
            notice = "no --config and no --model: training the bundled example, \(example.file ?? example.model ?? "")"
        }
        let source = ConfigurationSource(file: file, assignments: assignments)
        return Request(source: source, runFolder: try runFolder ?? Self.freshFolder(source), notice: notice)
    }

    /// The bundled configuration of a task, which stands beside the expert that it trains; or the bundled model alone if the
    /// task has none.
    private static func bundledExample(task: String?) throws -> (file: String?, model: String?) {
        let model = try BundledExample.baseModelPath()
        let folder = parentFolder(of: model)
        let wanted = task ?? RunConfiguration().task
        let files = Set(try FileManager.default.contentsOfDirectory(atPath: folder))
        let experts = files.filter { $0.hasSuffix(".safetensors") }.map { $0.dropLast(".safetensors".count) }
        for name in experts.sorted() where files.contains("\(name).yaml") {
            let source = ConfigurationSource(file: "\(folder)/\(name).yaml", assignments: [])
            if try source.resolve().configuration.task == wanted { return ("\(folder)/\(name).yaml", nil) }
        }
        return (nil, model)
    }

    private static func freshFolder(_ source: ConfigurationSource) throws -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyyMMdd-HHmmss"
        return "runs/\(try source.resolve().configuration.task)-\(formatter.string(from: Date()))"
    }
}
