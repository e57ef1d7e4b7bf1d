import ArgumentParser
import Foundation
import T2Coordinator

/// How fast the coordinator's lease table decides who computes what.
struct LeaseTableBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lease-table",
        abstract: "Events and grants a second of the coordinator's lease table, with emulated workers.",
        discussion: """
            Rounds of units are leased to workers of one lane each, which ask for one lease ahead. Work is log-normal, \
            progress is reported every 2 s, and time is emulated. Only the time inside the table is measured.

            With --runs, --steps and --slow, utilisation is the share of the workers' time that went into accepted results: a \
            run waits for the last results of each step, and other runs fill these waits.

            Examples:
              t2-bench lease-table --workers 1000 --units 10000
              t2-bench lease-table --workers 16 --units 32 --steps 40 --slow 1
              t2-bench lease-table --workers 16 --units 32 --steps 40 --slow 1 --runs 3
            """)

    @Option(help: "Emulated workers.")
    var workers = 1_000

    @Option(help: "Units of a round.")
    var units = 10_000

    @Option(help: "Runs that are trained at once.")
    var runs = 1

    @Option(help: "Rounds of each run, one after the other.")
    var steps = 1

    @Option(help: "Workers at a quarter of the speed of the others.")
    var slow = 0

    @Option(help: "Seed of the durations.")
    var seed: UInt64 = 1

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        try Bench.check([("--workers", workers), ("--units", units), ("--runs", runs), ("--steps", steps)])
        guard (0...workers).contains(slow) else {
            throw ValidationError("--slow is \(slow), expected 0 to the number of workers.")
        }
    }

    func run() throws {
        var emulation = LeaseTableEmulation(
            workers: workers, units: units, work: LogNormalWork(median: 8, spread: 0.8, seed: seed), runs: runs,
            steps: steps, slow: slow)
        emulation.run()
        let measured = Measurement(emulation)
        guard !json else {
            print(String(decoding: try JSONEncoder.sorted(isIndented: true).encode(measured), as: UTF8.self))
            return
        }
        print(
            String(
                format: "%d workers, %d units: %d events in %.3f s, %.0f events/s, %.0f grants/s; "
                    + "median %.1f us, largest %.2f ms (%@); %d leases, %d further copies, %.0f s emulated, "
                    + "utilisation %.1f %%, order %@",
                workers, units, measured.events, measured.seconds, measured.eventsPerSecond, measured.grantsPerSecond,
                measured.medianMicroseconds, measured.largestMilliseconds, measured.largestEvent, measured.grants,
                measured.furtherCopies, measured.emulatedSeconds, 100 * measured.utilisation, measured.order))
    }

    /// What was measured, as printed with `--json`.
    private struct Measurement: Encodable {
        let workers: Int
        let units: Int
        let events: Int
        let grants: Int
        let furtherCopies: Int
        /// Inside the table.
        let seconds: Double
        let eventsPerSecond: Double
        let grantsPerSecond: Double
        let medianMicroseconds: Double
        let largestMilliseconds: Double
        let largestEvent: String
        let emulatedSeconds: Double
        /// Accepted lane-seconds over workers and emulated seconds.
        let utilisation: Double
        /// A digest of who was granted what, in order.
        let order: String
        /// Mean and largest microseconds of one event, by kind.
        let kinds: [String: Kind]

        struct Kind: Encodable {
            let events: Int
            let meanMicroseconds: Double
            let largestMicroseconds: Double
        }

        init(_ emulation: LeaseTableEmulation) {
            let sorted = emulation.times.map(\.seconds).sorted()
            let largest = emulation.times.max { $0.seconds < $1.seconds }
            workers = emulation.workers.count
            units = emulation.unitCount
            events = sorted.count
            grants = emulation.grants
            furtherCopies = emulation.furtherCopies
            seconds = sorted.reduce(0, +)
            eventsPerSecond = Double(events) / seconds
            grantsPerSecond = Double(grants) / seconds
            medianMicroseconds = sorted[sorted.count / 2] * 1e6
            largestMilliseconds = (largest?.seconds ?? 0) * 1e3
            largestEvent = largest?.event ?? ""
            emulatedSeconds = emulation.elapsed
            utilisation = emulation.utilisation
            order = String(emulation.order, radix: 16)
            kinds = Dictionary(grouping: emulation.times, by: \.event).mapValues { times in
                let microseconds = times.map { $0.seconds * 1e6 }
                return Kind(
                    events: times.count, meanMicroseconds: microseconds.reduce(0, +) / Double(times.count),
                    largestMicroseconds: microseconds.max() ?? 0)
            }
        }
    }
}
