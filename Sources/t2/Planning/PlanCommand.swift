import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Engine
import T2Formats
import T2Jobs
import T2Tasks

/// Says what a training run on a cluster needs and takes.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract:
            "Estimates memory, time and traffic of training a model on a cluster, before anything is fetched or started.",
        discussion: """
            A config.json is enough: no weights are read. The estimate is of SVF, with one worker on each of the equal nodes. Rates \
            are measured on this machine for the model's shapes in some seconds, and scaled to the nodes' cores; or they are those \
            of --rates, a file that --measure wrote on one of the nodes. The machine should do nothing else meanwhile.

            The step's work is that of a run's configuration, or of the published settings by default. Prompts and completions have \
            the same length in every unit; rewards are those of texts, or of programs if the configuration's task runs them.

            Examples:
              t2 plan --model experts/tiny/base --workers 2 --configuration experts/tiny/math.yaml
              t2 plan --model models/llama-3-8b/config.json --workers 8 --cores 16 --memory 64 --bandwidth 1000
              t2 plan --model models/llama-3-8b/config.json --measure > node.json
              t2 plan --model models/llama-3-8b/config.json --workers 64 --cores 16 --memory 64 --rates node.json
            """)

    @Option(help: ArgumentHelp("Base model: a Hugging Face folder, or a config.json.", valueName: "path"))
    var model: String

    @Option(help: ArgumentHelp("Nodes, each with one worker.", valueName: "n"))
    var workers = 1

    @Option(help: ArgumentHelp("Cores of a node. (default: this machine's)", valueName: "n"))
    var cores: Int?

    @Option(help: ArgumentHelp("Memory of a node. (default: what is available here)", valueName: "GiB"))
    var memory: Double?

    @Option(help: ArgumentHelp("Rate of a node's link, and of the coordinator's.", valueName: "Mbit/s"))
    var bandwidth = 1000.0

    @Option(
        help: ArgumentHelp(
            "A run's configuration, whose step is planned. (default: 256 prompts a step, other keys as a run's defaults)",
            valueName: "file.yaml"))
    var configuration: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Any key of a configuration; may be repeated.", valueName: "key=value"))
    var settings: [String] = []

    @Option(help: ArgumentHelp("Tokens of a prompt, in the mean.", valueName: "n"))
    var promptTokens = 128

    @Option(help: ArgumentHelp("Tokens of a completion, in the mean. (default: half of max-tokens)", valueName: "n"))
    var newTokens: Int?

    @Option(
        help: ArgumentHelp(
            "Rates of a node, as --measure writes them. (default: measured here)", valueName: "file.json"))
    var rates: String?

    @Flag(help: "Only measure this machine's rates for the model's shapes, and print them as JSON.")
    var measure = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        func check(_ flag: String, _ value: Int?, _ range: ClosedRange<Int>) throws {
            guard let value, !range.contains(value) else { return }
            throw ValidationError("\(flag) is \(value), expected \(range.lowerBound) to \(range.upperBound).")
        }
        try check("--workers", workers, 1...1_000_000)
        try check("--cores", cores, 1...4096)
        try check("--prompt-tokens", promptTokens, 1...1 << 20)
        try check("--new-tokens", newTokens, 1...1 << 20)
        guard memory.map({ $0 > 0 && $0 <= 1_048_576 }) ?? true else {
            throw ValidationError("--memory is \(memory!) GiB, expected a number above 0 and up to 1048576.")
        }
        guard bandwidth > 0, bandwidth <= 1e9 else {
            throw ValidationError("--bandwidth is \(bandwidth) Mbit/s, expected a number above 0 and up to 10⁹.")
        }
    }

    func run() throws {
        let shape = try ModelShape(path: model)
        let machine = MachineResources()
        let node = ClusterPlan.Node(
            cores: cores ?? machine.cores, memory: memory.map { Int($0 * Double(1 << 30)) } ?? machine.availableMemory,
            bandwidth: bandwidth)
        let run = try runConfiguration()
        let rates = try self.rates.map(Self.read) ?? RateProbe(shape.model, cores: machine.cores).run()
        guard !measure else { return try StandardOutput.write(JSONText.line(rates)) }
        let plan = ClusterPlan(
            shape.model, try weightType(run, rates, shape), try workload(run, shape.model), rates, node,
            workers: workers,
            rewardSeconds: Self.runsPrograms(run) ? StepEstimate.programReward : StepEstimate.textReward,
            fileBytes: shape.fileBytes)
        let report = PlanReport(plan, model: model, areRatesGiven: self.rates != nil)
        try StandardOutput.write(json ? JSONText.line(report) : report.text)
    }

    /// - Throws: `ConfigurationError` for keys and values that a run refuses; `InputError` for what is not planned.
    private func runConfiguration() throws -> RunConfiguration {
        var assignments = try settings.map(ConfigurationSource.Assignment.init)
        let hasSize = assignments.contains { $0.key == ConfigurationKey.promptsPerStep.rawValue }
        if configuration == nil, !hasSize {
            let key = ConfigurationKey.promptsPerStep.rawValue
            assignments.append(.init(key: key, value: "256", location: "the default of t2 plan"))
        }
        let resolved = try ConfigurationSource(file: configuration, assignments: assignments).resolve()
        // The context is that of the prompts that are planned, which is checked later.
        try resolved.check(contextLength: .max)
        guard resolved.configuration.adapter == .svf else {
            throw InputError(
                configuration ?? "--set adapter", "the adapter is lora, and only svf is planned",
                remedy: "Plan it with --set adapter=svf, which takes more time and memory.", exitStatus: .configuration)
        }
        return resolved.configuration
    }

    private func workload(_ run: RunConfiguration, _ model: ModelConfiguration) throws -> Workload {
        let work = Workload(run, promptTokens: promptTokens, newTokens: newTokens)
        guard promptTokens + work.maxTokens <= model.contextLength else {
            throw InputError(
                "--prompt-tokens \(promptTokens)",
                "with max-tokens \(work.maxTokens) they exceed the model's context of \(model.contextLength)",
                remedy: "Plan shorter prompts, or --set max-tokens=…", exitStatus: .usage)
        }
        return work
    }

    private func weightType(
        _ run: RunConfiguration, _ rates: MachineRates, _ shape: ModelShape
    ) throws -> WeightType {
        let type: WeightType =
            switch run.weights {
            case .auto: rates[.bfloat16] == nil || shape.isFloat32 ? .float32 : .bfloat16
            case .f32: .float32
            case .bf16: .bfloat16
            }
        guard rates[type] != nil else {
            throw InputError(
                self.rates ?? "weights \(type.rawValue)", "there are no rates for weights in \(type.rawValue)",
                remedy:
                    "Plan the other type of weights (--set weights=…), or measure on a machine that multiplies this one.",
                exitStatus: .unavailable)
        }
        return type
    }

    private static func runsPrograms(_ run: RunConfiguration) -> Bool {
        (try? TaskRegistry.bundled.task(named: run.task))?.needsSandbox == true
    }

    private static func read(_ path: String) throws -> MachineRates {
        let content = try MappedFile(path: path).data
        let rates: MachineRates
        do { rates = try JSONDecoder().decode(MachineRates.self, from: content) } catch {
            throw InputError(
                path, "not a file of rates: \(decodingProblem(error, in: content))",
                remedy: "Write it again: t2 plan --measure.")
        }
        try rates.check(location: path)
        return rates
    }
}

/// The shape of a model, from its folder or its configuration alone.
private struct ModelShape {
    let model: ModelConfiguration
    /// The bytes of the weight files; nil without them.
    let fileBytes: Int?

    /// Whether the weight files hold four bytes for each weight.
    var isFloat32: Bool { (fileBytes ?? 0) > 3 * model.weightCount }

    init(path: String) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
            model = try ModelConfiguration(path: path)
            fileBytes = nil
            return
        }
        model = try ModelConfiguration(path: path + "/config.json")
        let names = (try? BaseModelFolder.fileNames(path: path)) ?? []
        let sizes = names.filter { $0.hasSuffix(".safetensors") }.compactMap { name in
            (try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)"))?[.size] as? Int
        }
        let total = sizes.reduce(0, +)
        fileBytes = total > 0 ? total : nil
    }
}
