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
        var results: [[Float]] = []
        var batch = TokenBatch()
        var first = 0
        while first < sequences.count {
            let end = batch.pack(sequences, from: first, limit: tokensPerBatch, expert: expert)
            let values = score(transformer.forward(batch, execution), sequences[first..<end].flatMap(\.completion))
            var start = 0
            for sequence in sequences[first..<end] {
                results.append(Array(values[start..<start + sequence.completion.count]))
                start += sequence.completion.count
            }
            first = end
        }
        return results
    }

    private func score(_ hidden: Matrix, _ tokens: [Int32]) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(tokens.count)
        var sums = [Float](repeating: 0, count: Transformer.rowsPerHead)
        for rows in (0..<hidden.rows).chunks(ofCount: Transformer.rowsPerHead) {
            let logits = transformer.logits(hidden.rows(rows))
            t2_log_sum_exp(logits.pointer, &sums, nil, rows.count, logits.columns, logits.stride, 1)
            for (row, token) in tokens[rows].enumerated() { values.append(logits.row(row)[Int(token)] - sums[row]) }
        }
        return values
    }
}
