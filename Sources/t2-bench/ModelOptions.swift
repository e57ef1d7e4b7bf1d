import ArgumentParser
import Foundation
import T2Core
import T2Model
import T2Numerics

/// Which model is measured, and on how much work.
struct ModelOptions: ParsableArguments {
    @Option(help: "Base model folder.")
    var model: String

    @Option(help: "Lanes: threads with one BLAS thread each. Default: all cores.")
    var lanes = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "Prompt tokens of a sequence.")
    var prompt = 32

    @Option(help: "New tokens of a sequence.")
    var new = 48

    func engine() throws -> BenchEngine {
        MatrixMultiply.useThreads(1)
        let svf = try SVFModel(try BaseModel(try BaseModelFolder(path: model)), adaptation: .all)
        return BenchEngine(svf: svf, lanes: lanes, prompt: prompt, new: new)
    }
}
