import T2Core
import T2Engine
import T2Learning
import T2Model
import T2Numerics

/// The work that is timed: lanes over one shared model, as a worker runs them.
final class BenchEngine: Sendable {
    private let svf: SVFModel
    let plan: LanePlan
    private let prompt: Int
    private let new: Int
    nonisolated(unsafe) private let transformers: [Transformer]
    nonisolated(unsafe) private let samplers: [Sampler]
    nonisolated(unsafe) private let gradients: [PolicyGradient]
    private let merged: MergedWeights
    private let z: ExpertVector

    /// - Throws: `InputError` if the system refuses the lanes' threads.
    init(svf: SVFModel, plan: LanePlan, prompt: Int, new: Int) throws {
        self.svf = svf
        self.plan = plan
        self.prompt = prompt
        self.new = new
        transformers = try (0..<plan.lanes).map { _ in try Lane(svf.base, threads: plan.threads).transformer }
        samplers = transformers.map { Sampler($0) }
        gradients = transformers.map { PolicyGradient($0, svf) }
        var random = SeededRandom(seed: 1)
        z = ExpertVector(
            layout: svf.layout, values: (0..<svf.layout.count).map { _ in Float(1 + 0.05 * random.nextNormal()) })
        merged = svf.merge(z, on: transformers[0].products)
    }

    private var c: ModelConfiguration { svf.base.configuration }
    private var lanes: Int { plan.lanes }
    var contextLength: Int { c.contextLength }
    /// The type in which weights are multiplied.
    var type: WeightType { svf.base.weights.type }

    /// The number of sequences of a batch that one lane computes.
    private func share(_ batch: Int, _ lane: Int) -> Int { (batch + lanes - 1 - lane) / lanes }

    private func tokens(_ count: Int, _ sequence: Int) -> [Int32] {
        var random = SeededRandom(seed: 2, problem: sequence)
        return (0..<count).map { _ in 3 + Int32(random.next() % UInt64(c.vocabularySize - 3)) }
    }

    private func sample(
        _ requests: [SampleRequest], _ execution: Execution, temperature: Float, new: Int, lane: Int
    ) {
        // Without stop tokens every sequence has the same length on every engine.
        let completions = try! samplers[lane].sample(
            requests, execution, Sampling(temperature: temperature, maxTokens: new), stop: StopCondition(tokens: []))
        precondition(completions.allSatisfy { $0.tokens.count == new })
    }

    /// Seconds to read `batch` prompts and sample the new tokens of each; the lengths are the engine's unless given.
    func sample(batch: Int, prompt: Int? = nil, new: Int? = nil) -> Double {
        let (prompt, new) = (prompt ?? self.prompt, new ?? self.new)
        return seconds {
            LaneThread.run(lanes) { [self] lane in
                let requests = (0..<share(batch, lane)).map { index in
                    SampleRequest(
                        prompt: tokens(prompt, lane + index * lanes),
                        random: SeededRandom(seed: 3, problem: index, sample: lane))
                }
                sample(requests, .merged(merged), temperature: 1, new: new, lane: lane)
            }
        }
    }

    /// The number of problems that each candidate of a population answers.
    static let shots = 10

    /// Seconds of one iteration of few-shot search: `count` candidates, each a z of its own, answer the shots greedily.
    func search(candidates count: Int) -> Double {
        let vectors = (0..<count).map { candidate in
            var random = SeededRandom(seed: 4, problem: candidate)
            return ExpertVector(layout: svf.layout, values: z.values.map { _ in Float(1 + 0.05 * random.nextNormal()) })
        }
        let prompts = (0..<Self.shots).map { tokens(prompt, $0) }
        let batches = PopulationSearch.batches(candidates: count, shots: Self.shots)
        return seconds {
            let execution = Execution.factored(svf, ScaleTable(svf, vectors))
            LaneThread.run(lanes) { [self] lane in
                for index in stride(from: lane, to: batches.count, by: lanes) {
                    let requests = batches[index].flatMap { candidate in
                        prompts.map {
                            SampleRequest(prompt: $0, random: SeededRandom(seed: 0), expert: Int32(candidate))
                        }
                    }
                    sample(requests, execution, temperature: 0, new: new, lane: lane)
                }
            }
        }
    }

    /// The length of a completion in a batch of many lengths, which range from a sixth of `new` to `new`.
    private func raggedLength(_ sequence: Int) -> Int {
        let shortest = max(1, new / 6)
        return shortest + sequence * 17 % (new - shortest + 1)
    }

    /// What the sequences of a batch have in common.
    enum Shape {
        /// A different prompt for each; completions of one length, or of many.
        case equal, ragged
        /// Completions of many lengths, several to a prompt.
        case grouped
    }

    /// The number of samples per prompt in a `grouped` batch.
    private static let groupSize = 8

    private func sequence(_ index: Int, _ lane: Int, _ shape: Shape) -> ScoredSequence {
        let number = lane + index * lanes
        let problem = shape == .grouped ? lane + index / Self.groupSize * lanes : number
        return ScoredSequence(
            prompt: tokens(prompt, problem),
            completion: tokens(shape != .equal ? raggedLength(number) : new, 1_000_000 + number))
    }

    /// The number of tokens of a batch, with the prompt of each sequence, shared or not.
    func tokenCount(batch: Int, _ shape: Shape) -> Int {
        (0..<batch).reduce(0) { $0 + prompt + (shape != .equal ? raggedLength($1) : new) }
    }

    /// Seconds of reference forward, policy forward and backward to z over `batch` sequences.
    func differentiate(batch: Int, _ shape: Shape = .equal, runsReference: Bool = true) -> Double {
        let loss = try! PolicyGradientLoss(
            klCoefficient: runsReference ? 0.1 : 0, klDirection: .policyReference, klEstimator: .exact)
        return seconds {
            LaneThread.run(lanes) { [self] lane in
                let sequences = (0..<share(batch, lane)).map { sequence($0, lane, shape) }
                let execution = svf.differentiable(z) { merged }
                _ = gradients[lane].run(sequences, execution, temperature: 1, runsReference: runsReference) { row in
                    _ = loss.evaluate(
                        policy: row.policy, reference: row.reference, sampled: Int(row.token), advantage: 1,
                        addingGradientTo: row.gradient)
                }
            }
        }
    }

    /// The seconds that `body` spends in each part, summed over all lanes.
    func parts(_ body: () -> Void) -> [(part: PartTimes.Part, seconds: Double)] {
        let times = transformers.map { _ in PartTimes() }
        for (transformer, times) in zip(transformers, times) { transformer.partTimes = times }
        body()
        for transformer in transformers { transformer.partTimes = nil }
        return PartTimes.Part.allCases.map { part in (part, times.reduce(0) { $0 + $1[part] }) }
    }

    /// GFLOP/s of all lanes together on large products of the weights' type.
    func productRate() -> Double {
        let rates = UnsafeMutablePointer<Double>.allocate(capacity: lanes)
        defer { rates.deallocate() }
        nonisolated(unsafe) let results = rates
        LaneThread.run(lanes) { [self] lane in
            results[lane] =
                type == .float32
                ? matrixProductRate(m: 1024, n: 1024, k: 1024)
                : packedProductRate(m: 1024, n: 2048, k: 2048, transformers[lane].products)
        }
        return (0..<lanes).reduce(0) { $0 + rates[$1] }
    }

    /// GB/s at which all threads together read memory that no cache holds.
    func readBandwidth() -> Double { RateProbe.memoryRate(threads: lanes * plan.threads) }

    /// Flops per token of a decoding step.
    var decodingFlops: Double { 2 * (matrixParameters + headParameters) }

    /// The bytes of weights that a decoding step reads: every matrix, and the head, once.
    var stepBytes: Double { (matrixParameters + headParameters) * (type == .float32 ? 4 : 2) }

    /// Flops of a prompt's pass per token, without the head, which only its last token needs.
    var promptFlops: Double { 2 * matrixParameters }

    private func parameters(_ count: (MatrixKind) -> Int) -> Double {
        Double(c.matrices(of: .all).reduce(0) { $0 + count($1.kind) })
    }

    private var matrixParameters: Double { parameters { $0.shape(c).rows * $0.shape(c).columns } }
    private var factoredParameters: Double { parameters { $0.rank(c) * ($0.shape(c).rows + $0.shape(c).columns) } }

    private var headParameters: Double { Double(c.vocabularySize * c.hiddenSize) }

    /// Flops per new token: one merged pass, the head, and its share of the prompt's pass.
    var samplingFlops: Double { 2 * (matrixParameters * Double(prompt + new) / Double(new) + headParameters) }

    /// Flops per token: reference pass, factored forward and backward passes, and three heads for the completion's share.
    var gradientFlops: Double {
        2 * (matrixParameters + 2 * factoredParameters + 3 * headParameters * Double(new) / Double(prompt + new))
    }
}
