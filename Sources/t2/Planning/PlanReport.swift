import Foundation
import T2CommandLine
import T2Core
import T2Engine

/// What `t2 plan` prints.
struct PlanReport: Encodable {
    struct Memory: Encodable {
        /// The largest resident set, with pages of files; what is allocated; and whether a node holds it.
        let peak: Int
        let resident: Int
        let fits: Bool
        let parts: [String: Int]
    }

    let model: String
    let weights_count: Int
    let workers: Int
    let cores: Int
    let memory_bytes: Int?
    let bandwidth: Double
    let weights: String
    let target_modules: String
    let lanes: Int
    let threads: Int
    /// By type of the weights, then by target modules.
    let memory: [String: [String: Memory]]
    let fits: Bool
    /// By target modules.
    let decompose_seconds: [String: Double]
    let decompose_bytes: [String: Int]
    let fetch_bytes: Int
    let fetch_seconds: Double
    let phases: [String: Double]
    let step_seconds: Double
    let step_bytes: Int
    let limited_by: String
    let warnings: [String]
    let rates: MachineRates

    private let work: Workload
    private let areRatesGiven: Bool

    private enum CodingKeys: CodingKey {
        case model, weights_count, workers, cores, memory_bytes, bandwidth, weights, target_modules, lanes, threads
        case memory, fits, decompose_seconds, decompose_bytes, fetch_bytes, fetch_seconds, phases, step_seconds
        case step_bytes, limited_by, warnings, rates
    }

    init(_ plan: ClusterPlan, model: String, areRatesGiven: Bool) {
        self.model = model
        self.areRatesGiven = areRatesGiven
        work = plan.work
        rates = plan.rates
        weights_count = plan.model.weightCount
        workers = plan.workers
        (cores, memory_bytes, bandwidth) = (plan.node.cores, plan.node.memory, plan.node.bandwidth)
        weights = plan.type.rawValue
        target_modules = plan.work.targets.rawValue
        (lanes, threads) = (plan.lanes.lanes, plan.lanes.threads)
        func byTargets<Value>(_ value: (TargetModules) -> Value) -> [String: Value] {
            Dictionary(uniqueKeysWithValues: TargetModules.allCases.map { ($0.rawValue, value($0)) })
        }
        memory = Dictionary(
            uniqueKeysWithValues: WeightType.allCases.map { type in
                (
                    type.rawValue,
                    byTargets { targets in
                        let estimate = plan.memory(type, targets)
                        let parts = MemoryEstimate.Part.allCases.map { ($0.rawValue, estimate[$0]) }
                        return Memory(
                            peak: estimate.peak, resident: estimate.resident, fits: plan.fits(estimate),
                            parts: Dictionary(uniqueKeysWithValues: parts))
                    }
                )
            })
        fits = plan.fits(plan.memory)
        decompose_seconds = byTargets { plan.decomposition($0).seconds }
        decompose_bytes = byTargets { plan.decomposition($0).bytes }
        (fetch_bytes, fetch_seconds) = (plan.fetchBytes, plan.fetchSeconds)
        phases = Dictionary(uniqueKeysWithValues: StepEstimate.Phase.allCases.map { ($0.rawValue, plan.step[$0]) })
        (step_seconds, step_bytes) = (plan.step.total, plan.step.wireBytes)
        limited_by = plan.step.limit.rawValue
        warnings = plan.warnings
    }

    var text: String {
        let total = max(step_seconds, 1e-9)
        let perPrompt = work.samplesPerPrompt == 1 ? "" : " × \(work.samplesPerPrompt) completions"
        let memoryText = memory_bytes.map(PlainText.bytes) ?? "memory unknown"
        let node = "\(cores) cores, \(memoryText), \(Self.number(bandwidth)) Mbit/s"
        let product = rates.products.sorted { $0.key < $1.key }.map {
            "\(Self.number($0.value.gflops.max() ?? 0)) GFLOP/s in \($0.key)"
        }.joined(separator: ", ")
        let needed = memory[weights]![target_modules]!
        let verdict =
            memory_bytes == nil
            ? "unknown: the memory of a node is unknown"
            : "\(fits ? "yes" : "no"): a worker allocates \(PlainText.bytes(needed.resident)) of \(memoryText)"
        let head = PlainText.table([
            ("model", "\(model), \(PlainText.count(weights_count)) weights"),
            ("nodes", "\(workers), each with \(node)"),
            ("rates", "\(areRatesGiven ? "given" : "measured here"): a core makes \(product)"),
            (
                "a step",
                "\(PlainText.count(work.promptsPerStep)) prompts of \(work.promptTokens) tokens\(perPrompt), "
                    + "\(work.newTokens) new (at most \(work.maxTokens)), units of \(work.promptsPerUnit)"
            ),
            (
                "a worker",
                "weights in \(weights), target modules \(target_modules), lanes \(lanes), threads of a lane \(threads)"
            ),
            ("fits", verdict),
        ])
        let memoryTable = PlainText.columns(
            ["a worker allocates (with pages of files)"] + Self.targets.map(\.rawValue),
            WeightType.allCases.map { type in
                [type.rawValue]
                    + Self.targets.map { targets in
                        let memory = memory[type.rawValue]![targets.rawValue]!
                        return "\(PlainText.bytes(memory.resident)) (\(PlainText.bytes(memory.peak)))"
                            + (memory.fits ? "" : " does not fit")
                    }
            }, textColumns: 1)
        let parts = PlainText.columns(
            ["of which", weights + " " + target_modules],
            MemoryEstimate.Part.allCases.compactMap { part in
                let bytes = needed.parts[part.rawValue] ?? 0
                return bytes == 0 ? nil : ["  " + part.rawValue, PlainText.bytes(bytes)]
            }, textColumns: 1)
        let once = PlainText.table([
            (
                "decomposing",
                "\(Self.duration(decompose_seconds[target_modules]!)) on one node, once; "
                    + "\(PlainText.bytes(decompose_bytes[target_modules]!)) of disk"
            ),
            (
                "fetching",
                "\(PlainText.bytes(fetch_bytes)) for each worker that lacks model and decompositions; all of them in "
                    + Self.duration(fetch_seconds)
            ),
        ])
        let step = PlainText.columns(
            ["seconds of a step", "", "%"],
            StepEstimate.Phase.allCases.map { phase in
                let seconds = phases[phase.rawValue]!
                return ["  " + phase.rawValue, Self.seconds(seconds), String(format: "%.0f", 100 * seconds / total)]
            } + [["  together", Self.seconds(step_seconds), "100"]], textColumns: 1)
        let end = PlainText.table([
            ("limited by", limited_by), ("traffic", "\(PlainText.bytes(step_bytes)) a step at the coordinator"),
        ])
        return head + memoryTable + parts + once + step + end + warnings.map { "warning: \($0)\n" }.joined()
    }

    private static let targets: [TargetModules] = [.attention, .mlp, .all]

    private static func number(_ value: Double) -> String { String(format: "%.4g", value) }

    private static func seconds(_ value: Double) -> String { String(format: value < 100 ? "%.2f" : "%.0f", value) }

    private static func duration(_ seconds: Double) -> String { Duration.seconds(min(seconds, 1e15)).text }
}
