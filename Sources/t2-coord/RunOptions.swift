import ArgumentParser
import Foundation
import T2Coordinator
import T2Core
import T2Jobs

/// The model, task, configuration and run folder of a training run.
struct RunOptions: ParsableArguments {
    @Option(name: .customLong("model"), help: ArgumentHelp("Base model: a Hugging Face folder.", valueName: "dir"))
    var model: String?

    @Option(help: ArgumentHelp("Task to train on, or the folder of a task of your own.", valueName: "name"))
    var task: String?

    @Option(
        help: ArgumentHelp("What is trained: svf (scales z) or lora (A and B). (default: svf)", valueName: "kind"))
    var adapter: String?

    @Option(help: ArgumentHelp("LoRA's rank. (default: \(AdapterKind.defaultRank))", valueName: "r"))
    var rank: String?

    @Option(help: ArgumentHelp("LoRA's alpha; B·A is scaled by alpha/rank. (default: 2·rank)", valueName: "a"))
    var alpha: String?

    @Option(
        name: .customLong("run-dir"),
        help: ArgumentHelp("Folder for all files of the run. (default: runs/<task>-<date>)", valueName: "dir"))
    var runFolder: String?

    @Option(name: .customLong("config"), help: ArgumentHelp("Configuration file.", valueName: "file.yaml"))
    var configurationFile: String?

    @Option(help: ArgumentHelp("Number of updates.", valueName: "n"))
    var steps: String?

    @Option(help: ArgumentHelp("Seed of all random numbers of the run.", valueName: "s"))
    var seed: String?

    @Option(help: .dataFolder)
    var data: String?

    @Option(help: ArgumentHelp("Malformed or repeated records: fail or skip. (default: fail)", valueName: "policy"))
    var onBadRecord: String?

    @Option(
        help: ArgumentHelp(
            "Problems that do not fit into the context: fail or skip. (default: fail)", valueName: "policy"))
    var onLongPrompt: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Any key of a configuration file; may be repeated.", valueName: "key=value"))
    var settings: [String] = []

    /// The training run that the options describe.
    struct Request {
        let source: ConfigurationSource
        let runFolder: String
        /// A line about a default that was chosen, to be printed.
        let notice: String?
    }

    func request(resume: Bool) throws -> Request {
        var assignments = try settings.map(ConfigurationSource.Assignment.init(setting:))
        let flags: [(ConfigurationKey, String?)] = [
            (.model, model), (.task, task), (.adapter, adapter), (.rank, rank), (.alpha, alpha), (.steps, steps),
            (.seed, seed), (.data, data), (.onBadRecord, onBadRecord), (.onLongPrompt, onLongPrompt),
        ]
        assignments += flags.compactMap { key, value in
            value.map { .init(key: key.rawValue, value: $0, location: "--\(key.rawValue)") }
        }
        func value(of key: ConfigurationKey) -> String? { assignments.last { $0.key == key.rawValue }?.value }
        var file = configurationFile
        var notice: String?
        if resume, file == nil, let runFolder { file = RunFolder.configurationPath(in: runFolder) }
        if file == nil, value(of: .model) == nil {
            let example = try Self.bundledExample(
                task: value(of: .task),
                adapter: value(of: .adapter).flatMap(AdapterKind.init) ?? .svf)
            file = example.file
            if let model = example.model {
                assignments.append(.init(key: ConfigurationKey.model.rawValue, value: model, location: "bundled model"))
            }
            notice = "no --config and no --model: training the bundled example, \(example.file ?? example.model ?? "")"
        }
        let source = ConfigurationSource(file: file, assignments: assignments)
        return Request(
            source: source,
            runFolder: try runFolder
                ?? Self.freshFolder(
                    named: URL(fileURLWithPath: source.resolve().configuration.task).lastPathComponent),
            notice: notice)
    }

    /// The bundled configuration of a task and an adapter, which lies beside the expert file or PEFT folder that it trains; or
    /// the bundled model if there is no such configuration.
    private static func bundledExample(task: String?, adapter: AdapterKind) throws -> (file: String?, model: String?) {
        let model = try BundledExample.baseModelPath()
        let folder = parentFolder(of: model)
        let wanted = task ?? RunConfiguration().task
        let names = Set(try FileManager.default.contentsOfDirectory(atPath: folder))
        for name in names.sorted() where name.hasSuffix(".yaml") {
            let stem = String(name.dropLast(".yaml".count))
            guard names.contains(stem) || names.contains("\(stem).safetensors") else { continue }
            let configuration = try ConfigurationSource(file: "\(folder)/\(name)", assignments: []).resolve()
                .configuration
            if configuration.task == wanted, configuration.adapter == adapter { return ("\(folder)/\(name)", nil) }
        }
        return (nil, model)
    }

    /// A run folder named after the work and the current time.
    static func freshFolder(named name: String) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyyMMdd-HHmmss"
        return "runs/\(name)-\(formatter.string(from: Date()))"
    }
}
