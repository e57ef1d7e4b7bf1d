import T2Core
import T2Model

/// The seconds of a training step by phase, on equal workers over links of one bandwidth. This file alone counts the work of sampling
/// and of the gradient; each method is named after the code whose work it counts.
package struct StepEstimate: Sendable, Equatable {
    package enum Phase: String, CaseIterable, Sendable {
        case merge, prefill, decode, rewards, reference, policy, backward, update, transport
    }

    private let seconds: [Phase: Double]
    /// Bytes over the coordinator's link in a step.
    package let wireBytes: Int

    package subscript(phase: Phase) -> Double { seconds[phase, default: 0] }
    package var total: Double { Phase.allCases.reduce(0) { $0 + self[$1] } }
    /// The phase that takes longest.
    package var limit: Phase { Phase.allCases.max { self[$0] < self[$1] }! }

    /// - Parameters:
    ///   - plan: the lanes of each worker.
    ///   - bandwidth: Mbit/s of each link.
    ///   - rewardSeconds: a core's time to judge a completion.
    /// - Precondition: the rates have products of the type.
    package init(
        _ model: ModelConfiguration, _ type: WeightType, _ work: Workload, _ rates: MachineRates, _ plan: LanePlan,
        workers: Int, bandwidth: Double, rewardSeconds: Double = Self.textReward
    ) {
        let lane = LaneTime(model: model, type: type, work: work, rates: rates, products: rates[type]!, plan: plan)
        // The lanes compute unit after unit; the last ones may leave some lanes idle.
        let lanes = workers * plan.lanes
        let rounds = Double((work.units + lanes - 1) / lanes)
        let values = ExpertLayout(model: model, targets: work.targets).count
        var seconds: [Phase: Double] = [:]
        seconds[.merge] = lane.merge
        seconds[.prefill] = rounds * lane.prefill
        seconds[.decode] = rounds * lane.decode
        seconds[.rewards] = rounds * Double(work.completionsPerUnit) * rewardSeconds
        seconds[.reference] = rounds * lane.reference
        seconds[.policy] = rounds * lane.policy
        seconds[.backward] = rounds * lane.backward
        seconds[.update] = Self.update + Self.updateValue * Double(values) + Self.updateUnit * Double(work.units)
        // z goes to each worker, packed; a gradient comes from each unit, with token identifiers and log-probabilities.
        wireBytes =
            workers * values * 4 * Self.packedPercent / 100 + work.units * values * 4
            + work.completions * 8 * work.newTokens
        seconds[.transport] = 8 * Double(wireBytes) / (bandwidth * 1e6)
        self.seconds = seconds
    }

    /// A core's seconds to judge a text, and to run a program in the sandbox.
    package static let (textReward, programReward) = (2e-5, 7e-3)
    /// Seconds of an update and its checkpoint, for each value of z, and for each unit.
    private static let (update, updateValue, updateUnit) = (0.024, 2e-7, 2.6e-5)
    /// The size of a packed z, in percent of its float32 values.
    private static let packedPercent = 52
}

/// The seconds that a lane takes for one unit, while the other lanes of its process compute others.
private struct LaneTime {
    let model: ModelConfiguration
    let type: WeightType
    let work: Workload
    let rates: MachineRates
    let products: MachineRates.Products
    let plan: LanePlan

    private var threads: Double { Double(plan.threads) }
    private var elementBytes: Double { type == .float32 ? 4 : 2 }
    private var layers: Double { Double(model.layerCount) }
    private var headElements: Double { Double(model.vocabularySize * model.hiddenSize) }
    private var matrixElements: Double { Double(model.sum(.all) { $0.elements(model) }) }
    private var targetElements: Double { Double(model.sum(work.targets) { $0.elements(model) }) }
    private var otherElements: Double { matrixElements - targetElements }
    private var factorElements: Double { Double(model.sum(work.targets) { $0.factorElements(model) }) }

    /// Products of `rows` rows with `elements` weights: as fast as the threads multiply, or as memory gives the weights to all lanes.
    private func product(_ elements: Double, rows: Double) -> Double {
        let reading = elements * elementBytes * Double(plan.lanes) / (rates.memory * 1e9)
        return max(products.seconds(elements, rows: rows) / threads, reading)
    }

    /// The time in which the factors or the head are packed for products.
    private func packing(_ elements: Double) -> Double {
        guard let rate = products.packing else { return 0 }
        return elements / (rate * 1e9 * threads)
    }

    /// Norms, rotation, SiLU and rounding of all layers.
    private func activations(_ tokens: Double) -> Double {
        let width = 3 * model.hiddenSize + model.querySize + model.keyValueSize + 3 * model.intermediateSize
        return tokens * layers * Double(width) / (rates.activations * 1e9 * threads)
    }

    /// The multiply-adds of a token that attends to `positions`, in all layers.
    private func attention(positions: Double) -> Double { 2 * positions * layers * Double(model.querySize) }

    // MARK: - Sampling

    /// `Adapter.merge`, once for all lanes: W′ of each adapted weight, which in bfloat16 is unpacked and packed again.
    var merge: Double {
        let cost = MergeCost(model, work.targets, type)
        let tokens = work.completionsPerUnit * (work.promptTokens + work.maxTokens)
        guard cost.isMergingCheaper(tokens: tokens) else { return 0 }
        let rank = cost.merge / max(1, cost.mergedToken)
        return product(targetElements, rows: rank) + packing(3 * targetElements)
    }

    /// `Sampler.admit`: the prompts of the unit, each read once.
    var prefill: Double {
        let tokens = Double(work.promptsPerUnit * work.promptTokens)
        let passes = (tokens / Double(work.prefillTokens)).rounded(.up)
        let prompts = Double(work.promptsPerUnit)
        let attention = tokens * attention(positions: Double(work.promptTokens + 1) / 2)
        return passes * product(sampledElements, rows: tokens / passes) + activations(tokens)
            + passes * product(headElements, rows: prompts / passes)
            + attention / (rates.attention * 1e9 * threads) + draws(prompts * Double(work.samplesPerPrompt))
    }

    /// `Sampler.sample`: a pass for each further token of the unit's completions, of which fewer and fewer are left. Lengths are taken
    /// to be spread evenly around their mean, up to the limit.
    var decode: Double {
        let completions = Double(work.completionsPerUnit)
        let tokens = completions * Double(work.newTokens - 1)
        guard tokens > 0 else { return 0 }
        let longest =
            min(
                Double(work.maxTokens), 2 * Double(work.newTokens) * completions / (completions + 1)) - 1
        let passes = max(longest, tokens / Double(work.slots), 1)
        let rows = tokens / passes
        let positions = Double(work.promptTokens) + Double(work.newTokens) / 2
        let attention = tokens * attention(positions: positions)
        return passes * (product(sampledElements, rows: rows) + product(headElements, rows: rows))
            + activations(tokens) + draws(tokens) + attention / (rates.cachedAttention * 1e9 * threads)
    }

    /// The weights that a token is multiplied by when it is sampled: merged, or factored if that is cheaper.
    private var sampledElements: Double {
        let tokens = work.completionsPerUnit * (work.promptTokens + work.maxTokens)
        let isMerged = MergeCost(model, work.targets, type).isMergingCheaper(tokens: tokens)
        return isMerged ? matrixElements : otherElements + factorElements
    }

    /// `TokenChoice`, on one thread of the lane.
    private func draws(_ tokens: Double) -> Double {
        tokens * Double(model.vocabularySize) / (rates.draws * 1e9)
    }

    // MARK: - The gradient

    /// Tokens that the gradient's passes read, of which a prompt counts once, and those that they score.
    private var gradientTokens: Double {
        Double(work.promptsPerUnit * (work.promptTokens + work.samplesPerPrompt * (work.newTokens - 1)))
    }
    private var scoredTokens: Double { Double(work.completionsPerUnit * work.newTokens) }
    private var passes: Double { (gradientTokens / Double(work.gradientTokens(type))).rounded(.up) }

    private func gradientProducts(_ elements: Double) -> Double {
        passes * product(elements, rows: gradientTokens / passes)
    }

    private func head(blocksOf rows: Double = 128) -> Double {
        let blocks = (scoredTokens / rows).rounded(.up)
        return blocks * product(headElements, rows: scoredTokens / blocks)
    }

    private var gradientAttention: Double {
        let positions = Double(work.promptTokens + work.newTokens) / 2
        return gradientTokens * attention(positions: positions) / (rates.attention * 1e9 * threads)
    }

    /// A forward pass of the base model, and its part of the loss.
    var reference: Double {
        guard work.referenceShare > 0 else { return 0 }
        let vocabulary = scoredTokens * Double(model.vocabularySize) * 1e-9
        let loss = max(0, vocabulary / rates.referenceLosses - vocabulary / rates.losses) / threads
        return work.referenceShare
            * (gradientProducts(matrixElements) + head() + activations(gradientTokens) + gradientAttention + loss)
    }

    /// A forward pass of the policy, factored in float32 and merged in bfloat16, and the loss.
    var policy: Double {
        let elements = type == .float32 ? otherElements + factorElements : matrixElements
        return gradientProducts(elements) + head() + activations(gradientTokens) + gradientAttention
            + scoredTokens * Double(model.vocabularySize) / (rates.losses * 1e9 * threads)
    }

    /// `TransformerBackward`: in float32 a product with U and V for each; in bfloat16 `HalfSVFWeight.backward`, which computes Vᵀx anew,
    /// and packs the factors for each pass, and the head for each block of rows.
    var backward: Double {
        let blocks = (scoredTokens / 128).rounded(.up)
        var time = gradientProducts(otherElements) + head() + 2 * activations(gradientTokens) + 2.5 * gradientAttention
        switch type {
        case .float32: time += gradientProducts(factorElements)
        case .bfloat16:
            let again = Double(model.sum(work.targets) { $0.rank(model) * $0.shape(model).columns })
            time +=
                gradientProducts(factorElements + again)
                + packing(passes * (factorElements + again + 2 * otherElements) + blocks * headElements)
        }
        return time
    }
}
