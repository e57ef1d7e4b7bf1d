import Foundation
import T2Coordinator
import T2Jobs

/// A metric of `/metrics`: its name, kind, unit and formula, and how it follows from a status.
package struct Metric: Sendable {
    package enum Kind: String, Sendable {
        case gauge, counter
    }

    typealias Sample = (labels: [(String, String)], value: Double)

    package let name: String
    package let kind: Kind
    package let unit: String
    package let formula: String
    private let samples: @Sendable (StatusReport) -> [Sample]

    private init(
        _ name: String, _ kind: Kind, _ unit: String, _ formula: String,
        _ samples: @escaping @Sendable (StatusReport) -> [Sample]
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.formula = formula
        self.samples = samples
    }

    /// The status in Prometheus' text format, version 0.0.4.
    package static func text(_ status: StatusReport) -> String {
        var text = ""
        for metric in all {
            text += "# HELP \(metric.name) \(escaped(metric.formula)) (\(metric.unit))\n"
            text += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            for sample in metric.samples(status) where sample.value.isFinite {
                let labels = sample.labels.map { "\($0)=\"\(escaped($1).replacing("\"", with: "\\\""))\"" }
                text +=
                    metric.name + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}") + " \(sample.value)\n"
            }
        }
        return text
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing("\r\n", with: "\\n")
    }

    /// The rows of the README's table.
    package static var table: [String] {
        all.map { "| `\($0.name)` | \($0.kind.rawValue) | \($0.unit) | \($0.formula) |" }
    }

    // MARK: - The table

    package static let all: [Metric] = coordinator + workers + runs + learning

    private static let coordinator = [
        Metric("t2_up_seconds", .gauge, "s", "time since the monitor's start") { [([], $0.upSeconds)] },
        Metric("t2_paused", .gauge, "0 or 1", "whether an operator paused the coordinator") {
            [([], $0.isPaused ? 1 : 0)]
        },
        Metric("t2_quiet_seconds", .gauge, "s", "time since a result was last accepted") {
            [([], $0.quietSeconds)]
        },
        Metric("t2_lanes", .gauge, "count", "Σ lanes of the workers that are here") { [([], Double($0.lanes))] },
        Metric(
            "t2_lanes_busy", .gauge, "count",
            "Σ min(lanes, leases) of the workers; utilisation = t2_lanes_busy / t2_lanes"
        ) {
            [([], Double($0.lanesBusy))]
        },
        Metric("t2_leases", .gauge, "count", "current leases by state") { status in
            counts(status.leases.map(\.state.rawValue), label: "state")
        },
        Metric("t2_leases_granted_total", .counter, "count", "leases granted since the coordinator's start") {
            [([], Double($0.counts.leases))]
        },
        Metric("t2_unit_failures_total", .counter, "count", "failed attempts at units, by category") { status in
            status.counts.failures.sorted { $0.key < $1.key }.map { ([("category", $0.key)], Double($0.value)) }
        },
        Metric("t2_malformed_messages_total", .counter, "count", "messages that could not be decoded") {
            [([], Double($0.counts.malformedMessages))]
        },
        Metric("t2_workers_joined_total", .counter, "count", "admissions of workers, including those that came again") {
            [([], Double($0.counts.workersJoined))]
        },
    ]

    private static let workers = [
        Metric("t2_workers", .gauge, "count", "workers that are here, by state") { status in
            counts(status.workers.map(\.state.rawValue), label: "state")
        },
        Metric("t2_worker_lanes", .gauge, "count", "units that the worker computes at a time") {
            each($0) { Double($0.lanes) }
        },
        Metric("t2_worker_leases", .gauge, "count", "leases that the worker holds") { each($0) { Double($0.leases) } },
        Metric("t2_worker_last_heard_seconds", .gauge, "s", "time since the worker's last message or heartbeat") {
            each($0) { $0.lastHeardSeconds }
        },
        Metric(
            "t2_worker_tokens_per_second", .gauge, "tokens/s",
            "Σ accepted completion tokens · exp(−age / 30 s) over 30 s · (1 − exp(−time here / 30 s))"
        ) { each($0) { $0.tokensPerSecond } },
        Metric("t2_worker_units_total", .counter, "count", "accepted units of this process of the worker") {
            each($0) { Double($0.units) }
        },
    ]

    private static let runs = [
        Metric("t2_run_step", .gauge, "count", "updates made, or iterations of a search") {
            of($0) { Double($0.step) }
        },
        Metric("t2_run_steps", .gauge, "count", "updates to make") { of($0) { $0.steps.map(Double.init) } },
        Metric("t2_run_eta_seconds", .gauge, "s", "median duration of the last 16 steps · steps to go") {
            of($0) { $0.etaSeconds }
        },
        Metric("t2_round_units", .gauge, "count", "units of the open round") {
            of($0) { $0.round.map { Double($0.units) } }
        },
        Metric("t2_round_units_accepted", .gauge, "count", "its units whose result is accepted") {
            of($0) { $0.round.map { Double($0.unitsAccepted) } }
        },
        Metric("t2_round_units_pending", .gauge, "count", "its units that no worker holds") {
            of($0) { $0.round.map { Double($0.unitsPending) } }
        },
        Metric("t2_units_total", .counter, "count", "accepted units since the coordinator's start") { status in
            counted(status) { [([], Double($0.units))] }
        },
        Metric("t2_completion_tokens_total", .counter, "tokens", "completion tokens of accepted units") { status in
            counted(status) { [([], Double($0.tokens))] }
        },
        Metric("t2_completions_total", .counter, "count", "completions of accepted units, by outcome") { status in
            counted(status) { run in
                run.outcomes.sorted { $0.key < $1.key }.map { ([("outcome", $0.key)], Double($0.value)) }
            }
        },
    ]

    private static let learning =
        LearningMetrics.training.map { metric in
            Metric("t2_step_\(metric.name)", .gauge, metric.unit, metric.formula) {
                of($0) { $0.lastStep.flatMap(metric.value) }
            }
        }
        + LearningMetrics.validation.map { metric in
            Metric("t2_validation_\(metric.name)", .gauge, metric.unit, metric.formula) {
                of($0) { $0.lastEvaluation.flatMap(metric.value) }
            }
        }

    private static func counts(_ values: [String], label: String) -> [Sample] {
        Dictionary(grouping: values, by: \.self).sorted { $0.key < $1.key }.map {
            ([(label, $0.key)], Double($0.value.count))
        }
    }

    private static func each(
        _ status: StatusReport, _ value: (DispatcherSnapshot.Worker) -> Double
    ) -> [Sample] { status.workers.map { ([("worker", $0.name)], value($0)) } }

    private static func of(_ status: StatusReport, _ value: (StatusReport.Run) -> Double?) -> [Sample] {
        status.runs.compactMap { run in value(run).map { ([("run", run.name)], $0) } }
    }

    private static func counted(_ status: StatusReport, _ samples: (DispatcherCounts.Run) -> [Sample]) -> [Sample] {
        status.counts.runs.sorted { $0.key < $1.key }.flatMap { name, run in
            samples(run).map { ([("run", name)] + $0.labels, $0.value) }
        }
    }
}
