import Foundation
import T2Core
import T2Formats

/// What was measured of a run with emulated workers, as printed with `--json`.
struct ClusterMeasurement: Encodable {
    struct Step: Encodable {
        let seconds: Double
        let collectSeconds: Double
        let updateSeconds: Double
        let checkpointSeconds: Double
        /// What the same lease table and work take without any time for messages, computation and the disk.
        let idealSeconds: Double
        /// Units handed out for the first time in a second while there were such.
        let leasesPerSecond: Double
    }

    /// Seconds; nil for what was not noticed before the run ended.
    struct Notice: Encodable {
        let connectionClosed: Double?
        let silentSuspected: Double?
        let silentLost: Double?
    }

    let workers: Int
    let units: Int
    let leases: Int
    let accepted: Int
    /// The median of the steps.
    let leasesPerSecond: Double
    let processorSeconds: Double
    /// Of one core, from the first lease to the last acknowledgement.
    let processorShare: Double
    let processorMillisecondsPerLease: Double
    let emulationProcessorSeconds: Double
    let largestResidentBytes: Int
    let steps: [Step]
    /// Seconds, and relative to the ideal; the median of the steps.
    let overheadSeconds: Double
    let overhead: Double
    let noticed: Notice?
    let bytesDown: [String: Int]
    let bytesUp: [String: Int]
    /// Policies that were sent.
    let blobs: Int

    /// Seconds from the first lease to the deaths, when all workers are at work.
    private static let strike = 2.0

    /// The settings of a training run of single-prompt units.
    static func settings(steps: Int, units: Int) -> [String] {
        [
            "evaluate-every=\(steps)", "validation-problems=1", "prompts-per-step=\(units)", "prompts-per-unit=1",
            "advantage=running-mean",
        ].flatMap { ["--set", $0] }
    }

    /// Serves a coordinator's whole run with emulated workers.
    init(
        _ coordinator: CoordinatorProcess, model: BaseModelFolder, workers: Int, units: Int, steps count: Int,
        work: LogNormalWork, sources: [String]? = nil, deaths: Deaths? = nil
    ) throws {
        let endpoint = try coordinator.endpoint()
        // They join first: the coordinator's log leaves lines out once many workers cause them.
        try deaths?.begin(endpoint)
        let emulated = try EmulatedWorkers(
            count: workers, to: endpoint, from: sources, work: work, model: (model.digest, model.tokenizerDigest))
        var (processor, resident) = (0.0, 0)
        var atFirstLease: Double?
        let own = Self.ownProcessorSeconds
        try emulated.serve {
            processor = coordinator.processorSeconds ?? processor
            resident = coordinator.largestResidentBytes ?? resident
            if atFirstLease == nil, emulated.traffic.firstLease.isFinite { atFirstLease = processor }
            if emulated.now > emulated.traffic.firstLease + Self.strike { deaths?.strike() }
            return !coordinator.isRunning
        }
        emulationProcessorSeconds = Self.ownProcessorSeconds - own
        try coordinator.requireSuccess()
        let traffic = emulated.traffic
        let path = coordinator.runFolder + "/metrics.jsonl"
        var ideal = LeaseTableEmulation(workers: workers, units: units, work: work, steps: count)
        ideal.run()
        steps = try zip(Self.lines(path), ideal.roundSeconds).map { line, ideal in
            let leases = traffic.firstLeases[line.step - 1]
            return Step(
                seconds: line.seconds, collectSeconds: line.collectSeconds, updateSeconds: line.updateSeconds,
                checkpointSeconds: line.checkpointSeconds, idealSeconds: ideal,
                leasesPerSecond: leases.map { Double($0.count - 1) / max(1e-9, $0.end - $0.start) } ?? 0)
        }
        self.workers = workers
        self.units = units
        leases = traffic.down[.lease]?.messages ?? 0
        accepted = traffic.accepted
        leasesPerSecond = Self.median(steps.map(\.leasesPerSecond))
        processorSeconds = processor - (atFirstLease ?? 0)
        processorShare = processorSeconds / (traffic.lastAcknowledgement - traffic.firstLease)
        processorMillisecondsPerLease = 1_000 * processorSeconds / Double(max(1, leases))
        largestResidentBytes = resident
        overheadSeconds = Self.median(steps.map { $0.seconds - $0.idealSeconds })
        overhead = Self.median(steps.map { $0.seconds / $0.idealSeconds - 1 })
        noticed = deaths.map {
            Notice(
                connectionClosed: $0.whenClosed, silentSuspected: $0.whenSilentIsSuspected,
                silentLost: $0.whenSilentIsLost)
        }
        blobs = traffic.down[.blob]?.messages ?? 0
        bytesDown = Dictionary(uniqueKeysWithValues: traffic.down.map { ($0.key.rawValue, $0.value.bytes) })
        bytesUp = Dictionary(uniqueKeysWithValues: traffic.up.map { ($0.key.rawValue, $0.value.bytes) })
    }

    static func median(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.sorted()[values.count / 2] }

    private struct Line: Decodable {
        let step: Int
        let seconds: Double
        let collectSeconds: Double
        let updateSeconds: Double
        let checkpointSeconds: Double
    }

    /// The steps of `metrics.jsonl`.
    private static func lines(_ path: String) throws -> [Line] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .filter { $0.contains(#""kind":"step""#) }.map { try decoder.decode(Line.self, from: Data($0.utf8)) }
    }

    private static var ownProcessorSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
