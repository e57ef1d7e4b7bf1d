import ArgumentParser
import CKernels
import Foundation
import T2CommandLine
import T2Numerics

/// Measures tokens per second of one model, their share of the machine's product rate, and the time of each part.
struct Profile: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures the speed of sampling and of the gradient step, by part of the work.")

    @OptionGroup var options: ModelOptions

    @Option(name: .customLong("batch"), help: "Sequences in a batch, over all lanes.")
    var batches: [Int] = [64, 8]

    @Option(help: "Repetitions; the median is printed with the lowest and the highest.")
    var repetitions = 7

    func validate() throws {
        try Bench.check(batches.map { ("--batch", $0) })
        try require("--repetitions", repetitions, atLeast: 1)
    }

    func run() throws {
        let engine = try options.engine()
        let rate = engine.productRate()
        print(
            String(
                format: "%@: weights %@, %d lanes of %d threads, product rate %.0f GFLOP/s together, %@, kernels %@",
                options.model, engine.type.rawValue, engine.plan.lanes, engine.plan.threads, rate,
                engine.type == .float32
                    ? "OpenBLAS core \(MatrixMultiply.coreName)" : "oneDNN \(PackedMatrix.oneDNNVersion)",
                String(cString: t2_kernel_version())))
        for batch in batches {
            report("sampling", batch, tokens: batch * options.new, flops: engine.samplingFlops, rate, engine) {
                engine.sample(batch: batch)
            }
        }
        for batch in batches {
            let tokens = batch * (options.prompt + options.new)
            report("gradient", batch, tokens: tokens, flops: engine.gradientFlops, rate, engine) {
                engine.differentiate(batch: batch)
            }
        }
    }

    private func report(
        _ measure: String, _ batch: Int, tokens: Int, flops: Double, _ rate: Double, _ engine: BenchEngine,
        _ work: () -> Double
    ) {
        _ = work()
        let times = (0..<repetitions).map { _ in work() }.sorted()
        let median = times[times.count / 2]
        print(
            String(
                format: "%@ batch %3d: %8.0f tokens/s (%.0f–%.0f), %.0f %% of the product rate", measure, batch,
                Double(tokens) / median, Double(tokens) / times.last!, Double(tokens) / times.first!,
                100 * flops * Double(tokens) / median / (rate * 1e9)))
        var wall = 0.0
        let parts = engine.parts { wall = work() }
        let total = wall * Double(engine.plan.lanes)
        let booked = parts.reduce(0) { $0 + $1.seconds }
        let shares = parts.map { String(format: "%@ %.0f %%", $0.part.rawValue, 100 * $0.seconds / total) }
        print(
            "    of the lanes' time: "
                + (shares + [String(format: "rest %.0f %%", 100 * (1 - booked / total))]).joined(separator: ", "))
    }
}
