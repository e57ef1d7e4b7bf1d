import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Formats

/// What slow links cost a step of training.
struct LinkBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "links",
        abstract: "Overhead a step with a z as large as Llama-3-8B's, over links of a limited rate.",
        discussion: """
            Starts t2-coord on a model of random weights and connects emulated workers to it, each over a link of its own that \
            htb limits in both directions, in a network namespace. Needs root, and about 2 GB of temporary files.

            Examples:
              t2-bench links --rate 100
              t2-bench links --rate 10 --seconds 20
              t2-bench links --rate 100 --head-rate 100
            """)

    @Option(help: "Emulated workers.")
    var workers = 64

    @Option(help: "Units of a step.")
    var units = 128

    @Option(help: "Steps.")
    var steps = 3

    @Option(help: "Seconds of a unit.")
    var seconds = 5.0

    @Option(help: "Mbit/s of a worker's link, in each direction.")
    var rate = 100.0

    @Option(help: "Mbit/s of the coordinator's link, in each direction. (default: no limit)")
    var headRate: Double?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        try Bench.check([("--workers", workers), ("--units", units), ("--steps", steps)])
        guard workers <= 2_000 else { throw ValidationError("--workers is \(workers), expected 1 to 2000.") }
        for (name, value) in [("--rate", rate), ("--head-rate", headRate ?? rate)] {
            guard (0.1...100_000).contains(value) else {
                throw ValidationError("\(name) is \(value), expected 0.1 to 100000.")
            }
        }
        guard (0.001...3_600).contains(seconds) else {
            throw ValidationError("--seconds is \(seconds), expected 0.001 to 3600.")
        }
    }

    func run() throws {
        try RateLimitedLoopback.enter()
        OpenFiles.raiseLimit()
        let example = try BundledExample.baseModelPath()
        let signals = StopSignals()
        let folder = try ScratchFolder()
        signals.beforeEnd { folder.remove() }
        let modelPath = folder.path + "/model"
        try FileManager.default.createDirectory(atPath: modelPath, withIntermediateDirectories: true)
        let model = try DeepModel(in: modelPath, like: example).folder
        let network = try RateLimitedLoopback(workers: workers, rate: rate, headRate: headRate)
        let coordinator = try CoordinatorProcess(
            [
                "--model", modelPath, "--task", "gsm-mini", "--data", BaseModelFolder.defaultData(model: example),
                "--bind", "tcp://127.0.0.1:0", "--steps", String(steps),
            ] + ClusterMeasurement.settings(steps: steps, units: units), folder: folder.path,
            environment: ["T2_CACHE": folder.path + "/cache"])
        defer { coordinator.kill() }
        signals.beforeEnd {
            coordinator.kill()
            folder.remove()
        }
        let measured = try ClusterMeasurement(
            coordinator, model: model, workers: workers, units: units, steps: steps,
            work: LogNormalWork(median: seconds, spread: 0, seed: 1), sources: network.addresses)
        let bytes = WireBytes(workers: workers, units: units)
        print(
            json
                ? String(
                    decoding: try JSONEncoder.sorted(isIndented: true).encode(Both(measured, bytes)), as: UTF8.self)
                : text(measured) + "\n" + bytes.text)
    }

    private struct Both: Encodable {
        let measured: ClusterMeasurement
        let llama3: WireBytes

        init(_ measured: ClusterMeasurement, _ bytes: WireBytes) { (self.measured, llama3) = (measured, bytes) }
    }

    private func text(_ measured: ClusterMeasurement) -> String {
        let perStep = 1 / (1_048_576 * Double(steps))
        let head = headRate.map { String(format: ", the coordinator's %.0f Mbit/s", $0) } ?? ""
        return String(
            format: "%d workers with links of %.0f Mbit/s%@, %d units of %.1f s a step: ", workers, rate, head, units,
            seconds)
            + String(
                format: "%.1f MiB of z down and %.1f MiB of results up a step, %d BLOBs in all\n",
                Double(measured.bytesDown["BLOB"] ?? 0) * perStep, Double(measured.bytesUp["RESULT"] ?? 0) * perStep,
                measured.blobs) + measured.text
    }
}
