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
        help: ArgumentHelp(
            "Folder for all files of the run, or for the folders of several runs. (default: runs/<task>-<date>)",
            valueName: "dir"))
    var runFolder: String?

    @Option(
        name: .customLong("config"),
        help: ArgumentHelp("Configuration file; may be repeated to train several experts.", valueName: "file.yaml"))
    var configurationFiles: [String] = []

    @Option(
        help: ArgumentHelp(
            "Shares of the workers, one for each --config, as in 2,1. (default: equal shares)", valueName: "numbers"))
    var shares: Shares?

    @Option(help: ArgumentHelp("Type of the weights in memory: auto, f32 or bf16. (default: auto)", valueName: "type"))
    var weights: String?

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

    @Option(help: ArgumentHelp("System message before each prompt; for chat models.", valueName: "text"))
    var system: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Any key of a configuration file; may be repeated.", valueName: "key=value"))
    var settings: [String] = []

    /// A training run that the options describe.
    struct Run {
        let source: ConfigurationSource
        let folder: String
        let isResumed: Bool
        let weight: Double
    }

    struct Request {
        /// At least one.
        let runs: [Run]
        /// The folder of the run, or the parent of the folders of several runs.
        let folder: String
        /// A line about a default that was chosen, to be printed.
        let notice: String?
    }

    /// - Throws: `ConfigurationError`; `InputError` about run folders and shares that do not fit together.
    func request(resume: Bool) throws -> Request {
        let assignments = try assignments()
        if let runFolder, resume, !RunFolder.holdsRun(runFolder) || configurationFiles.count > 1 {
            return try several(resumedRuns(in: runFolder), assignments, in: runFolder, resume: true)
        }
        if configurationFiles.count > 1 {
            let folder = runFolder ?? Self.freshFolder(named: "several")
            return try several(namedFiles(), assignments, in: folder, resume: false)
        }
        return try one(assignments, resume: resume)
    }

    private func assignments() throws -> [ConfigurationSource.Assignment] {
        let flags: [(ConfigurationKey, String?)] = [
            (.model, model), (.task, task), (.adapter, adapter), (.rank, rank), (.alpha, alpha), (.steps, steps),
            (.seed, seed), (.data, data), (.onBadRecord, onBadRecord), (.onLongPrompt, onLongPrompt),
            (.system, system), (.weights, weights),
        ]
        return try settings.map(ConfigurationSource.Assignment.init(setting:))
            + flags.compactMap { key, value in
                value.map { .init(key: key.rawValue, value: $0, location: "--\(key.rawValue)") }
            }
    }

    private func one(_ given: [ConfigurationSource.Assignment], resume: Bool) throws -> Request {
        var assignments = given
        func value(of key: ConfigurationKey) -> String? { assignments.last { $0.key == key.rawValue }?.value }
        // The folder of another kind of job holds no configuration to resume.
        if resume, let runFolder { try RunJournal.requireKind(.training, inFolder: runFolder) }
        var file = configurationFiles.first
        var notice: String?
        let isSaved = resume && file == nil
        if isSaved, let runFolder { file = RunFolder.configurationPath(in: runFolder) }
        if file == nil, value(of: .model) == nil {
            let example = try Self.bundledExample(
                task: value(of: .task), adapter: value(of: .adapter).flatMap(AdapterKind.init) ?? .svf)
            file = example.file
            if let model = example.model {
                assignments.append(
                    .init(key: ConfigurationKey.model.rawValue, value: model, location: "bundled model"))
            }
            notice = "no --config and no --model: training the bundled example, \(example.file ?? example.model ?? "")"
        }
        let source = ConfigurationSource(file: file, isSaved: isSaved, assignments: assignments)
        let folder =
            try runFolder
            ?? Self.freshFolder(named: URL(fileURLWithPath: source.resolve().configuration.task).lastPathComponent)
        let weight = try shares(of: 1)[0]
        return Request(
            runs: [Run(source: source, folder: folder, isResumed: resume, weight: weight)], folder: folder,
            notice: notice)
    }

    /// The configuration files by the names of their runs, in the order of the options.
    private func namedFiles() throws -> [(name: String, file: String)] {
        let named = configurationFiles.map { file in
            (name: URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent, file: file)
        }
        for (index, run) in named.enumerated() {
            guard let twin = named[..<index].first(where: { $0.name == run.name }) else { continue }
            throw InputError(
                "--config", "\(twin.file) and \(run.file) would both have the run folder '\(run.name)'",
                remedy: "Rename one of the files.", exitStatus: .usage)
        }
        return named
    }

    /// The runs in a folder that holds several, by name, with their saved configurations or the given ones.
    private func resumedRuns(in folder: String) throws -> [(name: String, file: String)] {
        guard configurationFiles.isEmpty else { return try namedFiles() }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let runs = names.sorted().filter { RunFolder.holdsRun("\(folder)/\($0)") }
        // Of a folder without runs the check of one run says what it is.
        guard !runs.isEmpty else {
            try RunFolder.check(path: folder, resume: true)
            return []
        }
        return runs.map { ($0, RunFolder.configurationPath(in: "\(folder)/\($0)")) }
    }

    private func several(
        _ named: [(name: String, file: String)], _ assignments: [ConfigurationSource.Assignment], in folder: String,
        resume: Bool
    ) throws -> Request {
        let weights = try shares(of: named.count)
        let runs = try zip(named, weights).map { run, weight in
            let path = "\(folder)/\(run.name)"
            // A run that was not reached before a stop is started now.
            let isResumed = resume && RunFolder.holdsRun(path)
            if isResumed { try RunJournal.requireKind(.training, inFolder: path) }
            return Run(
                source: ConfigurationSource(
                    file: run.file, isSaved: resume && configurationFiles.isEmpty, assignments: assignments),
                folder: path,
                isResumed: isResumed, weight: weight)
        }
        return Request(runs: runs, folder: folder, notice: nil)
    }

    private func shares(of count: Int) throws -> [Double] {
        guard let given = shares?.values else { return Array(repeating: 1, count: count) }
        guard given.count == count else {
            throw InputError(
                "--shares", "has \(given.count) numbers, expected \(count), one for each run",
                remedy: "Give the shares in the order of the runs.", exitStatus: .usage)
        }
        return given
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

/// The shares of several runs, as in `2,1`.
struct Shares: ExpressibleByArgument {
    let values: [Double]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        values = parts.compactMap { Double($0) }.filter { $0 > 0 && $0 <= 1e6 }
        guard values.count == parts.count else { return nil }
    }
}
