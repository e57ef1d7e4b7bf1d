import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Formats

/// How a real coordinator bears many workers.
struct ClusterBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Leases a second, memory and delays of a real coordinator with emulated workers.",
        discussion: """
            Starts t2-coord on the bundled model and connects emulated workers of one lane each over TCP. They wait for the \
            time of a unit, log-normal, and return results of the right shape. The emulation uses this machine's cores as well. \
            A step's ideal is the time that it would take if each worker began the next unit the moment it has finished one.

            Two real workers join too. One is killed, the other one stopped, and the coordinator's log tells when it notices.

            Examples:
              t2-bench cluster
              t2-bench cluster --workers 50 --units 128 --median 0.5 --spread 0
            """)

    @Option(help: "Emulated workers.")
    var workers = 1_000

    @Option(help: "Units of a step.")
    var units = 10_000

    @Option(help: "Steps.")
    var steps = 6

    @Option(help: "Median seconds of a unit.")
    var median = 0.3

    @Option(help: "Standard deviation of the logarithm of a unit's seconds.")
    var spread = 0.8

    @Option(help: "Seed of the durations.")
    var seed: UInt64 = 1

    @Flag(help: "Leave out the two workers that die.")
    var withoutDeaths = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        try Bench.check([("--workers", workers), ("--units", units), ("--steps", steps)])
        guard (0.001...3_600).contains(median) else {
            throw ValidationError("--median is \(median), expected 0.001 to 3600.")
        }
        guard (0...3).contains(spread) else { throw ValidationError("--spread is \(spread), expected 0 to 3.") }
    }

    func run() throws {
        OpenFiles.raiseLimit()
        let model = try BundledExample.baseModelPath()
        let signals = StopSignals()
        let folder = try ScratchFolder()
        signals.beforeEnd { folder.remove() }
        let coordinator = try CoordinatorProcess(
            [
                "--model", model, "--task", "gsm-mini", "--bind", "tcp://127.0.0.1:0", "--steps", String(steps),
            ] + ClusterMeasurement.settings(steps: steps, units: units), folder: folder.path)
        defer { coordinator.kill() }
        signals.beforeEnd {
            coordinator.kill()
            folder.remove()
        }
        let work = LogNormalWork(median: median, spread: spread, seed: seed)
        let measured = try ClusterMeasurement(
            coordinator, model: BaseModelFolder(path: model), workers: workers, units: units, steps: steps, work: work,
            deaths: withoutDeaths ? nil : Deaths(model: model, coordinator: coordinator))
        print(json ? try measured.json() : measured.text)
    }
}
