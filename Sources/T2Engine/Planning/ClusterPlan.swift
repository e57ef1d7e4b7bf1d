import T2Core

/// What a training run on equal nodes, each with one worker, needs and takes; from the model's shape and the rates of a node alone.
package struct ClusterPlan: Sendable {
    package struct Node: Sendable, Equatable {
        package let cores: Int
        /// Bytes; nil if unknown.
        package let memory: Int?
        /// Mbit/s of its link, and of the coordinator's.
        package let bandwidth: Double

        package init(cores: Int, memory: Int?, bandwidth: Double) {
            (self.cores, self.memory, self.bandwidth) = (cores, memory, bandwidth)
        }
    }

    package let model: ModelConfiguration
    package let type: WeightType
    package let work: Workload
    package let rates: MachineRates
    package let node: Node
    package let workers: Int
    package let lanes: LanePlan
    package let step: StepEstimate
    /// The bytes of the weight files; two for each weight if they are not here.
    private let fileBytes: Int

    /// - Parameters:
    ///   - rewardSeconds: a core's time to judge a completion.
    ///   - fileBytes: of the weight files; nil if they are not here.
    /// - Precondition: the rates have products of the type, and the workload fits the model's context.
    package init(
        _ model: ModelConfiguration, _ type: WeightType, _ work: Workload, _ rates: MachineRates, _ node: Node,
        workers: Int, rewardSeconds: Double = StepEstimate.textReward, fileBytes: Int? = nil
    ) {
        (self.model, self.type, self.work, self.rates, self.node) = (model, type, work, rates, node)
        self.workers = workers
        self.fileBytes = fileBytes ?? 2 * model.weightCount
        lanes = Self.lanes(model, type, node)
        step = StepEstimate(
            model, type, work, rates, lanes, workers: workers, bandwidth: node.bandwidth, rewardSeconds: rewardSeconds)
    }

    private static func lanes(_ model: ModelConfiguration, _ type: WeightType, _ node: Node) -> LanePlan {
        let resources = MachineResources(cores: node.cores, availableMemory: node.memory)
        return LanePlan(requested: nil, cores: node.cores, resources: resources, model: model, type: type)
    }

    /// The memory of a worker that holds the weights in a type and trains target modules.
    package func memory(_ type: WeightType, _ targets: TargetModules) -> MemoryEstimate {
        let lanes = Self.lanes(model, type, node)
        var work = work
        work.targets = targets
        return MemoryEstimate(model, type, lanes: lanes.lanes, threads: lanes.threads, work, fileBytes: fileBytes)
    }

    package var memory: MemoryEstimate { memory(type, work.targets) }

    package func decomposition(_ targets: TargetModules) -> DecompositionEstimate {
        DecompositionEstimate(model, type, targets, rates, cores: node.cores, memory: node.memory)
    }

    /// The bytes that a worker without the model fetches before its first lease: the weight files, and the float32 decompositions.
    package var fetchBytes: Int {
        fileBytes + 4 * model.sum(work.targets) { $0.factorElements(model) + $0.rank(model) }
    }
    /// Seconds until all workers have fetched them over the coordinator's link.
    package var fetchSeconds: Double { 8 * Double(fetchBytes) * Double(workers) / (node.bandwidth * 1e6) }

    /// Whether a node holds what a worker allocates; pages of files come and go.
    package func fits(_ memory: MemoryEstimate) -> Bool { node.memory.map { memory.resident <= $0 } ?? true }

    /// What keeps the plan from being a good one, with the remedy.
    package var warnings: [String] {
        var warnings: [String] = []
        if let memory = node.memory, !fits(self.memory) {
            let needed = self.memory.resident
            warnings.append("a worker needs \(needed >> 20) MiB, and a node has \(memory >> 20) MiB: \(remedy)")
        } else if let memory = node.memory, self.memory.peak > memory {
            warnings.append(
                "with the pages of its files a worker takes \(self.memory.peak >> 20) MiB, more than the node's \(memory >> 20) MiB: "
                    + "the system will read files again")
        }
        let places = workers * lanes.lanes
        if work.units < places {
            warnings.append(
                "a step has \(work.units) units for \(places) lanes, so that \(places - work.units) of them wait: "
                    + "lower prompts-per-unit, or raise prompts-per-step")
        }
        if step.limit == .transport {
            warnings.append("the link limits the step: fewer and larger units send fewer gradients")
        }
        if let reduction = lanes.reduction { warnings.append("fewer lanes than cores: \(reduction)") }
        return warnings
    }

    /// What would make a worker fit its node.
    private var remedy: String {
        var options: [(name: String, type: WeightType, work: Workload)] = []
        if type == .float32 { options.append(("weights bf16", .bfloat16, work)) }
        for targets in [TargetModules.attention, .mlp] where work.targets == .all {
            var fewer = work
            fewer.targets = targets
            options.append(("target-modules \(targets.rawValue)", type, fewer))
        }
        var smaller = work
        smaller.promptsPerUnit = 1
        options.append(("prompts-per-unit 1", type, smaller))
        for option in options {
            let lanes = Self.lanes(model, option.type, node)
            if fits(MemoryEstimate(model, option.type, lanes: lanes.lanes, threads: lanes.threads, option.work)) {
                return "\(option.name) would fit"
            }
        }
        let least = MemoryEstimate(model, .bfloat16, lanes: 1, threads: node.cores, smaller)
        return "the least, with weights bf16 and prompts-per-unit 1, is \(least.resident >> 20) MiB"
    }
}
