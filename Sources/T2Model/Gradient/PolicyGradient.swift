import Algorithms
import CKernels
import T2Core
import T2Numerics

/// A prompt with the completion whose log-probability is scored.
package struct ScoredSequence: Sendable, Equatable {
    package var prompt: [Int32]
    package var completion: [Int32]

    package init(prompt: [Int32], completion: [Int32]) {
        self.prompt = prompt
        self.completion = completion
    }

    /// The tokens that the model reads: all but the last, after which nothing is predicted.
    var inputs: [Int32] { Array((prompt + completion).dropLast()) }
    /// The indices of the inputs whose outputs predict the completion.
    var scored: Range<Int> { prompt.count - 1..<prompt.count - 1 + completion.count }
}

/// One scored token, with the log-probabilities of policy and reference at its position and the row for ∂J/∂logits.
package struct ScoredToken {
    /// The index of the sequence in the list, and of the token in its completion.
    package let sequence: Int
    package let position: Int
    package let token: Int32
    /// log-softmax of the logits divided by the temperature, [V].
    package let policy: UnsafeBufferPointer<Float>
    /// Nil if the reference model was not run, otherwise as `policy`.
    package let reference: UnsafeBufferPointer<Float>?
    /// Zero at first; receives the gradient with respect to the policy's divided logits, [V].
    package let gradient: UnsafeMutableBufferPointer<Float>
}

/// ∂J/∂z of a loss over scored tokens, in micro-batches of packed sequences. z stands for the adapter's vector.
///
/// One object per lane. Activation memory is bounded by `tokensPerBatch`, or by one sequence if that is longer.
package final class PolicyGradient {
    private let transformer: Transformer
    private let adapter: any Adapter
    private let tape: ActivationTape
    private let tokensPerBatch: Int
    private var batch = TokenBatch()

    /// The largest number of tokens in a micro-batch: more in bfloat16, where each micro-batch packs the factors anew, and the tape takes
    /// half the memory.
    package static func tokensPerBatch(_ type: WeightType) -> Int { type == .bfloat16 ? 768 : 512 }

    package init(_ transformer: Transformer, _ adapter: any Adapter, tokensPerBatch: Int? = nil) {
        self.transformer = transformer
        self.adapter = adapter
        self.tokensPerBatch = tokensPerBatch ?? Self.tokensPerBatch(transformer.model.weights.type)
        tape = ActivationTape(transformer.model)
    }

    /// Σ over all scored tokens of the loss's gradient with respect to z, flat in the adapter's layout.
    ///
    /// - Parameters:
    ///   - execution: the policy in the form in which its gradient is computed.
    ///   - temperature: the divisor of both models' logits.
    ///   - loss: called once per scored token, on any of the lane's threads; adds to its gradient row.
    ///   - collect: called on this thread with each sequence, position and result of `loss`, in the order of the list.
    /// - Cost: a reference forward pass if requested, a policy forward pass and a backward pass over every token; a
    ///   prompt that adjacent sequences share counts once per micro-batch.
    package func run<Loss>(
        _ sequences: [ScoredSequence], _ execution: Execution, temperature: Float, runsReference: Bool = true,
        loss: (ScoredToken) -> Loss, collect: (Int, Int, Loss) -> Void = { _, _, _ in }
    ) -> [Float] {
        var sums = [Float](repeating: 0, count: adapter.layout.count)
        var first = 0
        let limit = evenLimit(sequences)
        while first < sequences.count {
            let end = batch.pack(sequences, from: first, limit: limit)
            let (s, h) = (batch.outputs.count, transformer.model.configuration.hiddenSize)
            var reference: Matrix?
            if runsReference {
                let hidden = transformer.workspace.matrix(.referenceHidden, rows: s, columns: h)
                hidden.copy(from: transformer.forward(batch, .merged(transformer.model.weights)))
                reference = hidden
            }
            let policy = transformer.forward(batch, execution, tape: tape)
            let deltaHidden = transformer.workspace.matrix(.deltaHidden, rows: s, columns: h)
            head(
                sequences, first..<end, policy: policy, reference: reference, temperature, into: deltaHidden, loss,
                collect)
            let backward = TransformerBackward(transformer: transformer, execution: execution, batch: batch)
            sums.withUnsafeMutableBufferPointer {
                backward.run(tape, deltaHidden: deltaHidden, sums: $0.baseAddress!)
            }
            first = end
        }
        adapter.finishGradient(&sums)
        return sums
    }

    /// As above, for a vector in the adapter's layout.
    package func run<Loss>(
        _ sequences: [ScoredSequence], z: ExpertVector, temperature: Float, runsReference: Bool = true,
        loss: (ScoredToken) -> Loss, collect: (Int, Int, Loss) -> Void = { _, _, _ in }
    ) -> [Float] {
        let execution = adapter.differentiable(z) { adapter.merge(z, on: transformer.products) }
        return run(
            sequences, execution, temperature: temperature, runsReference: runsReference, loss: loss, collect: collect)
    }

    /// The smallest limit on the tokens of a micro-batch that needs no more micro-batches than `tokensPerBatch` does.
    private func evenLimit(_ sequences: [ScoredSequence]) -> Int {
        func count(_ limit: Int) -> Int {
            var (first, count) = (0, 0)
            while first < sequences.count {
                first = batch.pack(sequences, from: first, limit: limit)
                count += 1
            }
            return count
        }
        let fewest = count(tokensPerBatch)
        let limits = 0..<tokensPerBatch
        return limits.partitioningIndex { count($0) <= fewest }
    }

    /// Runs the head over the scored rows, block by block, and propagates the loss's gradient back through it.
    private func head<Loss>(
        _ sequences: [ScoredSequence], _ range: Range<Int>, policy: Matrix, reference: Matrix?, _ temperature: Float,
        into deltaHidden: Matrix, _ loss: (ScoredToken) -> Loss, _ collect: (Int, Int, Loss) -> Void
    ) {
        let size = transformer.model.configuration.vocabularySize
        var indices = range.lazy.flatMap { sequence in
            sequences[sequence].completion.indices.lazy.map { (sequence, $0) }
        }.makeIterator()
        for rows in (0..<policy.rows).chunks(ofCount: Transformer.rowsPerHead) {
            let policyRows = transformer.logits(policy.rows(rows), in: .logits)
            let referenceRows = reference.map { transformer.logits($0.rows(rows), in: .referenceLogits) }
            let gradient = transformer.workspace.matrix(.deltaLogits, rows: rows.count, columns: size)
            let tokens = rows.map { _ in indices.next()! }
            let losses = [Loss](unsafeUninitializedCapacity: rows.count) { losses, count in
                let target = losses.baseAddress!
                transformer.measure(.vocabulary) {
                    transformer.products.team.share(rows.count) { _, row in
                        func logProbabilities(_ logits: Matrix) -> UnsafeBufferPointer<Float> {
                            t2_log_softmax(logits.row(row), 1, size, size, 1 / temperature)
                            return UnsafeBufferPointer(start: logits.row(row), count: size)
                        }
                        let (sequence, position) = tokens[row]
                        gradient.row(row).update(repeating: 0, count: size)
                        let value = loss(
                            ScoredToken(
                                sequence: sequence, position: position, token: sequences[sequence].completion[position],
                                policy: logProbabilities(policyRows), reference: referenceRows.map(logProbabilities),
                                gradient: UnsafeMutableBufferPointer(start: gradient.row(row), count: size)))
                        (target + row).initialize(to: value)
                        if temperature != 1 { t2_scale(gradient.row(row), size, 1 / temperature) }
                    }
                }
                count = rows.count
            }
            for (token, loss) in zip(tokens, losses) { collect(token.0, token.1, loss) }
            transformer.measure(.head) { transformer.multiplyByHead(gradient, into: deltaHidden.rows(rows)) }
            transformer.onLayer()
        }
    }
}
