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

    package init(_ transformer: Transformer, _ adapter: any Adapter, tokensPerBatch: Int = 512) {
        self.transformer = transformer
        self.adapter = adapter
        self.tokensPerBatch = tokensPerBatch
        tape = ActivationTape(transformer.model.configuration)
    }

    /// Σ over all scored tokens of the loss's gradient with respect to z, flat in the adapter's layout.
    ///
    /// - Parameters:
    ///   - execution: the policy in the form in which its gradient is computed.
    ///   - temperature: the divisor of both models' logits.
    ///   - loss: called once per scored token, in the order of the list; adds to its gradient row.
    /// - Cost: a reference forward pass if requested, a policy forward pass and a backward pass over every token; a
    ///   prompt that adjacent sequences share counts once per micro-batch.
    package func run(
        _ sequences: [ScoredSequence], _ execution: Execution, temperature: Float, runsReference: Bool = true,
        loss: (ScoredToken) -> Void
    ) -> [Float] {
        var sums = [Float](repeating: 0, count: adapter.layout.count)
        var first = 0
        while first < sequences.count {
            let end = batch.pack(sequences, from: first, limit: tokensPerBatch)
            let (s, h) = (batch.outputs.count, transformer.model.configuration.hiddenSize)
            var reference: Matrix?
            if runsReference {
                let hidden = transformer.workspace.matrix(.referenceHidden, rows: s, columns: h)
                hidden.copy(from: transformer.forward(batch, .merged(transformer.model.weights)))
                reference = hidden
            }
            let policy = transformer.forward(batch, execution, tape: tape)
            let deltaHidden = transformer.workspace.matrix(.deltaHidden, rows: s, columns: h)
            head(sequences, first..<end, policy: policy, reference: reference, temperature, into: deltaHidden, loss)
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
    package func run(
        _ sequences: [ScoredSequence], z: ExpertVector, temperature: Float, runsReference: Bool = true,
        loss: (ScoredToken) -> Void
    ) -> [Float] {
        let execution = adapter.differentiable(z) { adapter.merge(z, on: transformer.products) }
        return run(sequences, execution, temperature: temperature, runsReference: runsReference, loss: loss)
    }

    /// Runs the head over the scored rows, block by block, and propagates the loss's gradient back through it.
    private func head(
        _ sequences: [ScoredSequence], _ range: Range<Int>, policy: Matrix, reference: Matrix?, _ temperature: Float,
        into deltaHidden: Matrix, _ loss: (ScoredToken) -> Void
    ) {
        let c = transformer.model.configuration
        var indices = range.lazy.flatMap { sequence in
            sequences[sequence].completion.indices.lazy.map { (sequence, $0) }
        }.makeIterator()
        for rows in (0..<policy.rows).chunks(ofCount: Transformer.rowsPerHead) {
            let policyRows = logProbabilities(policy.rows(rows), .logits, temperature)
            let referenceRows = reference.map { logProbabilities($0.rows(rows), .referenceLogits, temperature) }
            let gradient = transformer.workspace.matrix(.deltaLogits, rows: rows.count, columns: c.vocabularySize)
            transformer.measure(.vocabulary) {
                gradient.fillWithZeros()
                for row in 0..<rows.count {
                    let (sequence, position) = indices.next()!
                    loss(
                        ScoredToken(
                            sequence: sequence, position: position, token: sequences[sequence].completion[position],
                            policy: UnsafeBufferPointer(start: policyRows.row(row), count: c.vocabularySize),
                            reference: referenceRows.map {
                                UnsafeBufferPointer(start: $0.row(row), count: c.vocabularySize)
                            },
                            gradient: UnsafeMutableBufferPointer(start: gradient.row(row), count: c.vocabularySize)))
                }
                if temperature != 1 { t2_scale(gradient.pointer, gradient.rows * gradient.columns, 1 / temperature) }
            }
            transformer.measure(.head) { transformer.multiplyByHead(gradient, into: deltaHidden.rows(rows)) }
            transformer.onLayer()
        }
    }

    private func logProbabilities(_ hidden: Matrix, _ area: Workspace.Area, _ temperature: Float) -> Matrix {
        let rows = transformer.logits(hidden, in: area)
        transformer.measure(.vocabulary) {
            transformer.forRows(of: rows) {
                t2_log_softmax(rows.row($0.lowerBound), $0.count, rows.columns, rows.stride, 1 / temperature)
            }
        }
        return rows
    }
}
