import ArgumentParser
import T2CommandLine
import T2Core
import T2Formats
import T2Model
import T2Numerics

/// The model that is measured, and the size of the work.
struct ModelOptions: ParsableArguments {
    @Option(help: "Base model folder.")
    var model: String

    @Option(help: "Sequences of products at a time, or auto for one per core.")
    var lanes = LaneCount.auto

    @Option(help: "Threads of a lane.")
    var threads = 1

    @Option(help: "Type of the weights in memory: f32 or bf16.")
    var weights = "f32"

    @Option(help: "Prompt tokens of a sequence.")
    var prompt = 32

    @Option(help: "New tokens of a sequence.")
    var new = 48

    var laneCount: Int { lanes.requested ?? MachineResources().cores }

    func validate() throws {
        try require("--prompt", prompt, atLeast: 1)
        try require("--new", new, atLeast: 1)
    }

    /// - Throws: `InputError` if a sequence does not fit the model's context; what opening the model throws.
    func engine() throws -> BenchEngine {
        let folder = try BaseModelFolder(path: model)
        let context = folder.configuration.contextLength
        guard new < context, prompt <= context - new else {
            throw InputError(
                "--prompt \(prompt), --new \(new)", "their sum exceeds the context of \(model), \(context) tokens",
                remedy: "Lower one of them.", exitStatus: .usage)
        }
        MatrixMultiply.useThreads(1)
        let svf = try SVFModel(try BaseModel(folder, type: WeightType(rawValue: weights)!), targets: .all)
        return BenchEngine(svf: svf, lanes: laneCount, threads: threads, prompt: prompt, new: new)
    }
}
