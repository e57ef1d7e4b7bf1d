import Algorithms
import CKernels
import T2Numerics

/// Natural log-probabilities of given tokens.
package struct LogProbabilities {
    private let transformer: Transformer

    package init(_ transformer: Transformer) { self.transformer = transformer }

    /// log π(completion token | everything before it), at temperature 1, for each sequence.
    ///
    /// - Parameter expert: the row of the scale table, in factored execution.
    /// - Cost: one forward pass over every token; a prompt that adjacent sequences share counts once per batch.
    package func score(
        _ sequences: [ScoredSequence], _ execution: Execution, expert: Int32 = 0, tokensPerBatch: Int = 1024
    ) -> [[Float]] {
        var results = sequences.map { _ in [Float]() }
        var sums = [Float](repeating: 0, count: Transformer.rowsPerHead)
        forEachRow(sequences, execution, expert: expert, tokensPerBatch: tokensPerBatch) { logits, rows in
            t2_log_sum_exp(logits.pointer, &sums, nil, logits.rows, logits.columns, logits.stride, 1)
            for (row, place) in rows.enumerated() {
                let token = sequences[place.sequence].completion[place.position]
                results[place.sequence].append(logits.row(row)[Int(token)] - sums[row])
            }
        }
        return results
    }

    /// Calls `body` with the logits that predict the completions' tokens, some rows at a time, and the places of these tokens: the index
    /// of the sequence and of the token in its completion, in their order.
    func forEachRow(
        _ sequences: [ScoredSequence], _ execution: Execution, expert: Int32 = 0, tokensPerBatch: Int = 1024,
        _ body: (Matrix, [(sequence: Int, position: Int)]) -> Void
    ) {
        var batch = TokenBatch()
        var first = 0
        while first < sequences.count {
            let end = batch.pack(sequences, from: first, limit: tokensPerBatch, expert: expert)
            let hidden = transformer.forward(batch, execution)
            let places = (first..<end).flatMap { sequence in
                sequences[sequence].completion.indices.map { (sequence: sequence, position: $0) }
            }
            for rows in (0..<hidden.rows).chunks(ofCount: Transformer.rowsPerHead) {
                body(transformer.logits(hidden.rows(rows)), Array(places[rows]))
            }
            first = end
        }
    }
}
