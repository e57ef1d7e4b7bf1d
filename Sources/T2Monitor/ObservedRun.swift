import Foundation
import T2Coordinator
import T2Core
import T2Jobs

/// A run as the monitor follows it, by its database.
struct ObservedRun: Sendable {
    /// The most points of a learning curve that are shown.
    private static let points = 500
    /// The steps searched for completions before the whole database is.
    private static let recentSteps = 8
    /// How often the database is read if the metrics file seems unchanged, in seconds.
    private static let rereadAfter: Duration = .seconds(60)

    let run: Monitor.Run
    private var events: EventFile?
    private var store: RunStore?
    private(set) var steps: [StepMetrics] = []
    private(set) var evaluations: [EvaluationMetrics] = []
    /// The size of the metrics file at the last reading, and the time.
    private var seen: (size: Int, time: ContinuousClock.Instant)?
    private var hasUnwrittenEvents = false

    init(run: Monitor.Run, events: EventFile?) {
        self.run = run
        self.events = events
    }

    /// Reads new metrics, and writes their events.
    mutating func refresh(writesEvents: Bool) throws {
        guard let folder = run.folder else { return }
        let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/metrics.jsonl")
        let size = (attributes?[.size] as? NSNumber)?.intValue ?? 0
        let now = ContinuousClock.now
        if seen?.size != size || now - (seen?.time ?? now) > Self.rereadAfter {
            guard let store = try openStore(folder) else { return }
            // A search or an evaluation has neither.
            if run.steps != nil { (steps, evaluations) = (try store.steps(), try store.evaluations()) }
            seen = (size, now)
            hasUnwrittenEvents = true
        }
        guard writesEvents, hasUnwrittenEvents, events != nil, let store else { return }
        try events?.update(EventFile.events(steps, evaluations, times: store.lastAcceptances()))
        hasUnwrittenEvents = false
    }

    private mutating func openStore(_ folder: String) throws -> RunStore? {
        let path = RunFolder.databasePath(in: folder)
        guard store == nil, FileManager.default.fileExists(atPath: path) else { return store }
        store = try RunStore(path: path, migrates: false)
        return store
    }

    func report(round: DispatcherSnapshot.Run?) -> StatusReport.Run {
        let step = steps.last?.step ?? round?.step ?? 0
        var eta: Double?
        let durations = steps.suffix(16).map(\.seconds).sorted()
        if let total = run.steps, !durations.isEmpty {
            eta = durations[durations.count / 2] * Double(max(0, total - step))
        }
        return StatusReport.Run(
            name: run.name, folder: run.folder,
            state: round != nil ? .collecting : run.steps.map { step >= $0 } == true ? .finished : .working,
            step: step, steps: run.steps, round: round, etaSeconds: eta, lastStep: steps.last,
            lastEvaluation: evaluations.last)
    }

    var history: HistoryReport.Run {
        HistoryReport.Run(name: run.name, steps: Self.thinned(steps), evaluations: Self.thinned(evaluations))
    }

    /// Every n-th value, and the last one.
    private static func thinned<Value>(_ values: [Value]) -> [Value] {
        let stride = (values.count + points - 1) / points
        guard stride > 1 else { return values }
        return values.indices.filter { $0 % stride == 0 || $0 == values.count - 1 }.map { values[$0] }
    }

    /// Adds the newest completions that are selected.
    func add(_ selection: CompletionRecord.Selection, limit: Int, to report: inout RolloutsReport) throws {
        guard let store else { return }
        if selection.outcomes.contains(.missing) { report.missing += try store.missingRewards(selection, limit: limit) }
        var selection = selection
        let isForMissing = selection.outcomes == [.missing]
        var found: [CompletionRecord] = []
        // Recent steps are found by the primary key; the whole table is sorted only if they hold too few.
        if selection.step == nil, let last = steps.last?.step {
            for step in (max(0, last - Self.recentSteps)...last).reversed() where found.count < limit {
                selection.step = step
                found += try store.completions(selection, limit: limit - found.count)
            }
            selection.step = nil
        }
        if found.count < limit, !isForMissing { found = try store.completions(selection, limit: limit) }
        report.rollouts += found.map { RolloutsReport.Rollout(run: run.name, completion: $0, reason: $0.reason) }
    }
}
