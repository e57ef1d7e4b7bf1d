import CKernels
import Foundation
import T2Core
import T2Learning
import T2Model
import T2Numerics

/// Measures the rates of this machine for a model's shapes, in a few seconds, with all cores busy as lanes keep them. It needs no weights.
package struct RateProbe {
    private let model: ModelConfiguration
    private let cores: Int
    /// The rows of x with which products are measured: of one token, of batches, and of passes over prompts.
    private static let rows = [1, 4, 16, 64, 512]
    /// Weights that are read by turns take at least so many bytes, if the model has them: no cache holds them.
    private static let uncachedBytes = 128 << 20
    /// Larger shapes are as fast as these.
    private static let (largestHidden, largestIntermediate) = (4096, 14_336)
    /// Seconds for which a piece of work is repeated.
    private static let interval = 0.15

    /// - Parameter cores: the threads that compute.
    package init(_ model: ModelConfiguration, cores: Int) {
        self.model = model
        self.cores = cores
    }

    /// - Parameter types: the types of weights to measure; bfloat16 only where it can be multiplied.
    /// - Throws: `InputError` if the system refuses the threads.
    package func run(_ types: [WeightType] = WeightType.allCases) throws -> MachineRates {
        MatrixMultiply.useThreads(1)
        let products = try types.filter { $0 == .float32 || PackedMatrix.isSupported }
            .map { ($0.rawValue, try measure($0)) }
        return MachineRates(
            cores: cores, products: Dictionary(uniqueKeysWithValues: products), memory: Self.memoryRate(threads: cores),
            cachedAttention: attention(tokens: 1, positions: 128),
            attention: attention(tokens: 64, positions: 64), activations: activations(), draws: draws(),
            losses: try losses(reference: false), referenceLosses: try losses(reference: true),
            decompositions: try decompositions())
    }

    // MARK: - Products

    /// The matrices of a layer, as the groups in which they are multiplied: inputs and outputs.
    private var shapes: [(inputs: Int, outputs: Int)] {
        let (h, i) = (min(model.hiddenSize, Self.largestHidden), min(model.intermediateSize, Self.largestIntermediate))
        let query = min(model.querySize, h)
        return [(h, query + 2 * min(model.keyValueSize, query)), (query, h), (h, 2 * i), (i, h)]
    }

    private func measure(_ type: WeightType) throws -> MachineRates.Products {
        let elements = shapes.reduce(0) { $0 + $1.inputs * $1.outputs }
        let layers = min(model.layerCount, max(1, Self.uncachedBytes / (type == .float32 ? 4 : 2) / elements))
        let widest = shapes.map { max($0.inputs, $0.outputs) }.max()!
        let plan = LanePlan(
            requested: nil, cores: cores, resources: MachineResources(cores: cores, availableMemory: nil), model: model,
            type: type)
        var packing: Double?
        var times: [Double] = []
        switch type {
        case .float32:
            let weights = (0..<layers).flatMap { _ in
                shapes.map { ($0, Self.written($0.inputs * $0.outputs)) }
            }
            for rows in Self.rows {
                times.append(
                    Self.concurrently(plan.lanes) { _ in
                        let (x, y) = (FloatBuffer(count: rows * widest), FloatBuffer(count: rows * widest))
                        return {
                            for (shape, buffer) in weights {
                                MatrixMultiply.multiply(
                                    x.matrix(rows: rows, columns: shape.inputs),
                                    buffer.matrix(rows: shape.inputs, columns: shape.outputs),
                                    into: y.matrix(rows: rows, columns: shape.outputs))
                            }
                        }
                    })
            }
        case .bfloat16:
            let halves = (0..<layers).flatMap { _ in shapes }.map { shape in
                let zeros = FloatBuffer(count: shape.inputs * shape.outputs)
                return withExtendedLifetime(zeros) {
                    HalfMatrix(zeros.matrix(rows: shape.inputs, columns: shape.outputs))
                }
            }
            let weights = halves.map { PackedMatrix($0) }
            nonisolated(unsafe) let lanes = try (0..<plan.lanes).map { _ in
                LaneProducts(plan.threads == 1 ? .alone : try ThreadTeam(count: plan.threads))
            }
            for rows in Self.rows {
                times.append(
                    Self.concurrently(plan.lanes) { lane in
                        let (x, y) = (FloatBuffer(count: rows * widest), FloatBuffer(count: rows * widest))
                        return {
                            for weight in weights {
                                lanes[lane].multiply(
                                    x.matrix(rows: rows, columns: weight.rows), weight,
                                    into: y.matrix(rows: rows, columns: weight.columns))
                            }
                        }
                    })
            }
            let packed = Self.concurrently(plan.lanes) { lane in
                let (x, y) = (FloatBuffer(count: widest), FloatBuffer(count: widest))
                return {
                    for half in halves {
                        lanes[lane].multiply(
                            x.matrix(rows: 1, columns: half.rows), packing: half,
                            into: y.matrix(rows: 1, columns: half.columns))
                    }
                }
            }
            let threads = Double(plan.threads)
            packing = 1e-9 * Double(elements * layers) / max(packed - times[0], packed / 2) / threads
        }
        return MachineRates.Products(
            rows: Self.rows,
            gflops: zip(Self.rows, times).map {
                2e-9 * Double($0 * elements * layers) / $1 / Double(plan.threads)
            }, packing: packing)
    }

    // MARK: - Everything else

    /// Numbers of which each has memory of its own. The pages of a new buffer, which nothing was written to, are all the same one.
    private static func written(_ count: Int) -> FloatBuffer {
        let buffer = FloatBuffer(count: count)
        buffer.pointer.update(repeating: 0, count: count)
        return buffer
    }

    /// GB/s in which so many threads together read memory that no cache holds, in the pages of packed weights.
    package static func memoryRate(threads: Int) -> Double {
        Double(uncachedBytes * threads) * 1e-9
            / concurrently(threads) { _ in
                let count = uncachedBytes / MemoryLayout<Float>.stride
                let memory = WeightMemory(byteCount: uncachedBytes)
                let numbers = memory.start.initializeMemory(as: Float.self, repeating: 0, count: count)
                return { withExtendedLifetime(memory) { precondition(t2_all_finite(numbers, count) == 1) } }
            }
    }

    /// Attention of consecutive tokens of many sequences, whose keys and values no cache holds if there is one token of each.
    private func attention(tokens: Int, positions: Int) -> Double {
        let (d, group) = (model.headSize, model.headCount / model.keyValueHeadCount)
        let (context, width) = (positions * d, group * d)
        let sequences = tokens == 1 ? max(1, Self.uncachedBytes / 8 / context / cores) : 1
        let seconds = Self.concurrently(cores) { _ in
            let (keys, values) = (Self.written(sequences * context), Self.written(sequences * context))
            let (q, out) = (FloatBuffer(count: tokens * width), FloatBuffer(count: tokens * width))
            let scratch = FloatBuffer(count: 4 * positions)
            return {
                for sequence in 0..<sequences {
                    t2_attend(
                        q.pointer, width, out.pointer, width, tokens, group, d, keys.pointer + sequence * context,
                        values.pointer + sequence * context, positions, positions - tokens + 1, .max, 0.1,
                        scratch.pointer)
                }
            }
        }
        let seen = tokens == 1 ? positions : (positions + 1) / 2
        return 2e-9 * Double(sequences * tokens * width * seen) / seconds
    }

    private func activations() -> Double {
        let (rows, h, i) = (128, model.hiddenSize, model.intermediateSize)
        let seconds = Self.concurrently(cores) { _ in
            let (x, w, y) = (FloatBuffer(count: rows * h), FloatBuffer(count: h), FloatBuffer(count: rows * h))
            let (gateUp, activated) = (FloatBuffer(count: rows * 2 * i), FloatBuffer(count: rows * i))
            let rounded = UnsafeMutablePointer<UInt16>.allocate(capacity: rows * i)
            nonisolated(unsafe) let target = rounded
            return {
                t2_rms_norm(x.pointer, w.pointer, y.pointer, nil, rows, h, 1e-5)
                t2_silu_multiply(gateUp.pointer, activated.pointer, rows, i)
                t2_to_bfloat(activated.pointer, target, rows * i)
            }
        }
        return 1e-9 * Double(rows * (h + 3 * i)) / seconds
    }

    private func draws() -> Double {
        let v = model.vocabularySize
        let seconds = Self.concurrently(cores) { _ in
            let logits = FloatBuffer(count: v)
            return {
                var (sum, largest): (Float, Int32) = (0, 0)
                t2_log_sum_exp(logits.pointer, &sum, &largest, 1, v, v, 1)
                _ = t2_draw(logits.pointer, v, 1, sum, 0.5)
            }
        }
        return 1e-9 * Double(v) / seconds
    }

    private func losses(reference: Bool) throws -> Double {
        let v = model.vocabularySize
        let loss = try PolicyGradientLoss(
            klCoefficient: reference ? 0.1 : 0, klDirection: .policyReference, klEstimator: .exact)
        let seconds = Self.concurrently(cores) { _ in
            let (policy, base, gradient) = (FloatBuffer(count: v), FloatBuffer(count: v), FloatBuffer(count: v))
            return {
                t2_log_softmax(policy.pointer, 1, v, v, 1)
                if reference { t2_log_softmax(base.pointer, 1, v, v, 1) }
                let row = UnsafeMutableBufferPointer(start: gradient.pointer, count: v)
                row.update(repeating: 0)
                _ = loss.evaluate(
                    policy: UnsafeBufferPointer(start: policy.pointer, count: v),
                    reference: reference ? UnsafeBufferPointer(start: base.pointer, count: v) : nil, sampled: 0,
                    advantage: 1, addingGradientTo: row)
            }
        }
        return 1e-9 * Double(v) / seconds
    }

    private func decompositions() throws -> Double {
        let rank = min(512, model.hiddenSize)
        var random = SeededRandom(seed: 1)
        let values = FloatBuffer((0..<rank * rank).map { _ in Float(random.nextNormal()) })
        let seconds = Self.concurrently(cores, interval: 0) { _ in
            {
                // A matrix of random numbers has a decomposition.
                _ = try? SingularValueDecomposition(values.pointer, rows: rank, columns: rank, name: "a random matrix")
            }
        }
        return 1e-9 * Double(rank * rank * rank) / seconds
    }

    /// The seconds of one call of the work that `prepare` makes for each thread, while all threads do it: the median of the threads. A
    /// quarter of a thread's calls are faster, so that other programs that interfere now and then do not count.
    private static func concurrently(
        _ threads: Int, interval: Double = Self.interval, _ prepare: @escaping @Sendable (Int) -> () -> Void
    ) -> Double {
        nonisolated(unsafe) let results = UnsafeMutablePointer<Double>.allocate(capacity: threads)
        defer { results.deallocate() }
        LaneThread.run(threads) { thread in
            let work = prepare(thread)
            work()
            var times: [Double] = []
            var total = 0.0
            repeat {
                let start = ContinuousClock.now
                work()
                times.append((ContinuousClock.now - start).seconds)
                total += times.last!
            } while total < interval || times.count < 4 && total < 4 * interval
            results[thread] = times.sorted()[times.count / 4]
        }
        return (0..<threads).map { results[$0] }.sorted()[threads / 2]
    }
}
