/// The tokens of one pass through the model: several sequences, packed one after another without padding. Sequences
/// with a common prefix can share its rows.
///
/// A batch is reused between passes: clearing keeps the memory.
package struct TokenBatch {
    /// Consecutive rows that belong to one sequence.
    package struct Segment {
        package let start: Int
        package let count: Int
        /// The rows of an earlier segment that precede these tokens; empty at the start of a sequence.
        var prefix = 0..<0
        /// The cache slot of its keys and values; nil if no later pass continues it.
        package let slot: Int?

        var rows: Range<Int> { start..<start + count }
    }

    package private(set) var tokens: [Int32] = []
    package private(set) var positions: [Int32] = []
    /// The row of the scale table for each token.
    package private(set) var experts: [Int32] = []
    package private(set) var segments: [Segment] = []
    /// The rows whose final hidden states are returned, in sequence order; a shared row may occur repeatedly.
    package private(set) var outputs: [Int32] = []

    package init() {}

    package var count: Int { tokens.count }
    /// Whether the outputs differ from all rows in order.
    var isSelective: Bool { outputs.count != count || segments.contains { !$0.prefix.isEmpty } }

    /// The index ranges of segments that share rows: a prompt with the completions that follow it, or a segment of its own.
    var families: [Range<Int>] {
        var families: [Range<Int>] = []
        for (index, segment) in segments.enumerated() {
            if segment.prefix.isEmpty {
                families.append(index..<index + 1)
            } else {
                families[families.count - 1] = families[families.count - 1].lowerBound..<index + 1
            }
        }
        return families
    }

    package mutating func clear() {
        tokens.removeAll(keepingCapacity: true)
        positions.removeAll(keepingCapacity: true)
        experts.removeAll(keepingCapacity: true)
        segments.removeAll(keepingCapacity: true)
        outputs.removeAll(keepingCapacity: true)
    }

    /// Adds consecutive tokens of a sequence: a whole one, or those after tokens in the cache or in the rows `prefix`.
    ///
    /// - Parameters:
    ///   - position: the position of the first token.
    ///   - wanted: the indices among these tokens whose hidden states are returned.
    package mutating func append(
        _ sequence: some Collection<Int32>, from position: Int = 0, after prefix: Range<Int> = 0..<0,
        outputs wanted: Range<Int>, expert: Int32 = 0, slot: Int? = nil
    ) {
        for index in wanted { outputs.append(Int32(count + index)) }
        segments.append(Segment(start: count, count: sequence.count, prefix: prefix, slot: slot))
        tokens.append(contentsOf: sequence)
        for index in 0..<sequence.count {
            positions.append(Int32(position + index))
            experts.append(expert)
        }
    }

    /// Clears the batch and fills it with whole sequences to be scored, at least one, until the next would bring its
    /// tokens or outputs past `limit`. Adjacent sequences with the same prompt share its rows, so a completion of one
    /// token adds an output and no row.
    ///
    /// - Returns: the index of the first sequence that is not in the batch.
    mutating func pack(_ sequences: [ScoredSequence], from first: Int, limit: Int, expert: Int32 = 0) -> Int {
        clear()
        var shared: Range<Int>?
        for next in first..<sequences.count {
            let sequence = sequences[next]
            let prompt = sequence.prompt.count
            if next > first && sequences[next - 1].prompt != sequence.prompt { shared = nil }
            let added = sequence.completion.count - 1 + (shared == nil ? prompt : 0)
            let wanted = outputs.count + sequence.completion.count
            if next > first && max(count + added, wanted) > limit { return next }
            if shared == nil && next + 1 < sequences.count && sequences[next + 1].prompt == sequence.prompt {
                shared = count..<count + prompt
                append(sequence.prompt, outputs: 0..<0, expert: expert)
            }
            if let shared {
                // The prompt's last row predicts the completion's first token.
                outputs.append(Int32(shared.upperBound - 1))
                let rest = sequence.completion.dropLast()
                if !rest.isEmpty { append(rest, from: prompt, after: shared, outputs: 0..<rest.count, expert: expert) }
            } else {
                append(sequence.inputs, outputs: sequence.scored, expert: expert)
            }
        }
        return sequences.count
    }
}
