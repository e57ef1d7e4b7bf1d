import ArgumentParser
import CKernels
import Foundation
import T2Core
import T2Model
import T2Numerics

/// Sampling and gradient speed of one model.
struct ModelBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Tokens per second of sampling and of the gradient step.")

    @Option(help: "Base model folder.")
    var model: String

    @Option(help: "Lanes: threads with one BLAS thread each.")
    var lanes = ProcessInfo.processInfo.activeProcessorCount

    @Option(name: .customLong("batch"), help: "Sequences in a batch, over all lanes.")
    var batches: [Int] = [64, 8]

    @Option(help: "Prompt tokens of a sequence.")
    var prompt = 32

    @Option(help: "New tokens of a sequence.")
    var new = 48

    @Option(help: "Repetitions; the median is printed.")
    var repetitions = 5

    @Flag(help: "Print one JSON object.")
    var json = false

    struct Line: Encodable {
        let measure: String
        let batch: Int
        let tokensPerSecond: Timings
        /// Multiply-adds that the mathematics needs, times two, over the machine's measured product rate.
        let fractionOfProductRate: Double
    }

    func run() throws {
        MatrixMultiply.useThreads(1)
        let base = try BaseModel(try BaseModelFolder(path: model))
        let svf = try SVFModel(base, adaptation: .all)
        let engine = BenchEngine(svf: svf, lanes: lanes, prompt: prompt, new: new)
        let rate = engine.productRate()
        var lines: [Line] = []
        for batch in batches {
            let measured = (0..<repetitions).map { _ in engine.samplingRate(batch: batch) }
            lines.append(line("sampling", batch, measured, flops: engine.samplingFlops, rate))
        }
        for batch in batches {
            let measured = (0..<repetitions).map { _ in engine.gradientRate(batch: batch) }
            lines.append(line("gradient", batch, measured, flops: engine.gradientFlops, rate))
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            print(String(decoding: try encoder.encode(lines), as: UTF8.self))
            return
        }
        print(String(format: "%d lanes, product rate %.0f GFLOP/s, OpenBLAS core %@, kernels %@", lanes, rate, MatrixMultiply.coreName, String(cString: t2_kernel_version())))
        for line in lines {
            print(
                String(
                    format: "%@ batch %3d: %8.0f tokens/s (%.0f–%.0f), %.0f %% of the product rate", line.measure, line.batch,
                    line.tokensPerSecond.median, line.tokensPerSecond.lowest, line.tokensPerSecond.highest,
                    100 * line.fractionOfProductRate))
        }
    }

    private func line(_ measure: String, _ batch: Int, _ rates: [Double], flops: Double, _ rate: Double) -> Line {
        let timings = Timings(rates)
        return Line(
            measure: measure, batch: batch, tokensPerSecond: timings,
            fractionOfProductRate: flops * timings.median / (rate * 1e9))
    }
}
