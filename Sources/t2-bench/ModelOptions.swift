import ArgumentParser
import T2CommandLine
import T2Core
import T2Engine
import T2Formats
import T2Model
import T2Numerics

/// The model that is measured, and the size of the work.
struct ModelOptions: ParsableArguments {
    @Option(help: "Base model folder.")
    var model: String

    @Option(help: "Lanes, or auto: one per core, or one for all cores if the model is large and in bf16.")
    var lanes = LaneCount.auto

    @OptionGroup var weights: WeightOptions

    @Option(help: "Prompt tokens of a sequence.")
    var prompt = 32

    @Option(help: "New tokens of a sequence.")
    var new = 48

    func validate() throws {
        try require("--prompt", prompt, atLeast: 1)
        try require("--new", new, atLeast: 1)
    }

    /// - Throws: `InputError` if a sequence does not fit the model's context; what opening the model throws.
    func engine() throws -> BenchEngine {
        let folder = try BaseModelFolder(path: model).holding(weights.choice)
        let context = folder.configuration.contextLength
        guard new < context, prompt <= context - new else {
            throw InputError(
                "--prompt \(prompt), --new \(new)", "their sum exceeds the context of \(model), \(context) tokens",
                remedy: "Lower one of them.", exitStatus: .usage)
        }
        MatrixMultiply.useThreads(1)
        let plan = LanePlan(
            requested: lanes.requested, resources: MachineResources(), model: folder.configuration,
            type: folder.weightType)
        return try BenchEngine(
            svf: try SVFModel(try BaseModel(folder), targets: .all), plan: plan, prompt: prompt, new: new)
    }
}
