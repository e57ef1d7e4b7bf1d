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

    package mutating func clear() {
        tokens.removeAll(keepingCapacity: true)
        positions.removeAll(keepingCapacity: true)
        experts.removeAll(keepingCapacity: true)
        segments.removeAll(keepingCapacity: true)
        outputs.removeAll(keepingCapacity: true)
    }

    /// Adds a whole sequence from position 0.
    ///
    /// - Parameter outputs: the indices in the sequence whose hidden states are returned.
    package mutating func append(
        _ sequence: some Collection<Int32>, outputs wanted: Range<Int>, expert: Int32 = 0, slot: Int? = nil
    ) {
        let start = count
        appendRows(sequence, from: 0, expert: expert)
        for index in wanted { outputs.append(Int32(start + index)) }
        segments.append(Segment(start: start, count: sequence.count, slot: slot))
    }

    private mutating func appendRows(_ sequence: some Collection<Int32>, from first: Int, expert: Int32) {
        tokens.append(contentsOf: sequence)
        for position in first..<first + sequence.count {
            positions.append(Int32(position))
            experts.append(expert)
        }
    }

    /// Adds the tokens after a prefix whose rows are already in the batch. The prefix's last row and all added rows
    /// become outputs.
    private mutating func append(_ sequence: some Collection<Int32>, after prefix: Range<Int>, expert: Int32) {
        outputs.append(Int32(prefix.upperBound - 1))
        guard !sequence.isEmpty else { return }
        let start = count
        appendRows(sequence, from: prefix.count, expert: expert)
        for row in start..<count { outputs.append(Int32(row)) }
        segments.append(Segment(start: start, count: sequence.count, prefix: prefix, slot: nil))
    }

    /// Clears the batch and fills it with whole sequences to be scored, at least one, until the next would bring its
    /// tokens or outputs past `limit`. Adjacent sequences with the same prompt share its rows, so a completion of one
    /// token adds an output and no row.
    ///
    /// - Returns: the index of the first sequence that is not in the batch.
    mutating func pack(_ sequences: [ScoredSequence], from first: Int, limit: Int, expert: Int32 = 0) -> Int {
        clear()
        var shared: Range<Int>?
        var next = first
        while next < sequences.count {
            let sequence = sequences[next]
            let prompt = sequence.prompt.count
            if next > first && sequences[next - 1].prompt != sequence.prompt { shared = nil }
            let added = sequence.completion.count - 1 + (shared == nil ? prompt : 0)
            let wanted = outputs.count + sequence.completion.count
            if next > first && max(count + added, wanted) > limit { break }
            if shared == nil && next + 1 < sequences.count && sequences[next + 1].prompt == sequence.prompt {
                shared = count..<count + prompt
                append(sequence.prompt, outputs: 0..<0, expert: expert)
            }
            if let shared {
                append(sequence.completion.dropLast(), after: shared, expert: expert)
            } else {
                append(sequence.inputs, outputs: sequence.scored, expert: expert)
            }
            next += 1
        }
        return next
    }

    /// Adds the next token of a sequence whose earlier tokens are in the cache, and makes it an output.
    package mutating func append(next token: Int32, position: Int, expert: Int32 = 0, slot: Int) {
        outputs.append(Int32(count))
        segments.append(Segment(start: count, count: 1, slot: slot))
        appendRows(CollectionOfOne(token), from: position, expert: expert)
    }
}
