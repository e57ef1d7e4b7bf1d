import ArgumentParser
import Foundation
import T2Coordinator
import T2Core
import T2Jobs

/// What to train, from which configuration, and where to.
struct RunOptions: ParsableArguments {
    @Option(name: .customLong("model"), help: ArgumentHelp("Base model: a Hugging Face folder.", valueName: "dir"))
    var model: String?

    @Option(help: ArgumentHelp("Task to train on, or the folder of a task of your own.", valueName: "name"))
    var task: String?

    @Option(
        help: ArgumentHelp(
            "What is trained of the weights: svf (scales z) or lora (A and B). (default: svf)", valueName: "kind")
    )
    var adapter: String?

    @Option(help: ArgumentHelp("LoRA's rank. (default: \(AdapterKind.defaultRank))", valueName: "r"))
    var rank: String?

    @Option(help: ArgumentHelp("LoRA's alpha; B·A counts alpha/rank times. (default: 2·rank)", valueName: "a"))
    var alpha: String?

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

    /// What the options amount to.
    struct Request {
        let source: ConfigurationSource
        let runFolder: String
        /// What was decided for want of an option.
        let notice: String?
    }

    func request(resume: Bool) throws -> Request {
        var assignments = try settings.map(ConfigurationSource.Assignment.init(setting:))
        let flags = [
            ("model", model), ("task", task), ("adapter", adapter), ("rank", rank), ("alpha", alpha), ("steps", steps),
            ("seed", seed), ("data", data), ("on-bad-record", onBadRecord), ("on-long-prompt", onLongPrompt),
        ]
        for (key, value) in flags {
            if let value { assignments.append(.init(key: key, value: value, place: "--\(key)")) }
        }
        var file = configurationFile
        var notice: String?
        if resume, file == nil, let runFolder { file = runFolder + "/configuration.yaml" }
        if file == nil, model == nil, !assignments.contains(where: { $0.key == "model" }) {
            let example = try Self.bundledExample(
                task: assignments.last { $0.key == "task" }?.value,
                adapter: assignments.last { $0.key == "adapter" }.flatMap { AdapterKind(rawValue: $0.value) } ?? .svf)
            file = example.file
            if let model = example.model {
                assignments.append(.init(key: "model", value: model, place: "bundled model"))
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

    /// The bundled configuration of a task and an adapter, which stands beside what it trains (an expert file or a PEFT folder);
    /// or the bundled model alone if there is none.
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

    /// Named after what is done and the time.
    static func freshFolder(named name: String) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyyMMdd-HHmmss"
        return "runs/\(name)-\(formatter.string(from: Date()))"
    }
}
