/// The tokens of one pass through the model: several sequences, packed one after another without padding. Sequences that begin
/// alike can share the rows of their beginning.
///
/// Reused between passes: clearing keeps the memory.
package struct TokenBatch {
    /// Consecutive rows that belong to one sequence.
    package struct Segment {
        package let start: Int
        package let count: Int
        /// Rows of an earlier segment that these tokens come after; empty for a sequence's beginning.
        var prefix = 0..<0
        /// Where its keys and values are kept for later passes; nil if nobody continues it.
        package let slot: Int?

        var rows: Range<Int> { start..<start + count }
    }

    package private(set) var tokens: [Int32] = []
    package private(set) var positions: [Int32] = []
    /// Row of the scale table that each token uses.
    package private(set) var experts: [Int32] = []
    package private(set) var segments: [Segment] = []
    /// Rows whose final hidden state is wanted, in the order of the sequences; a shared row may be wanted more than once.
    package private(set) var outputs: [Int32] = []

    package init() {}

    package var count: Int { tokens.count }
    /// Whether the outputs are other than all rows, one after another.
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
    /// - Parameter outputs: places inside the sequence whose hidden states are wanted.
    package mutating func append(
        _ sequence: some Collection<Int32>, outputs wanted: Range<Int>, expert: Int32 = 0, slot: Int? = nil
    ) {
        let start = count
        appendRows(sequence, from: 0, expert: expert)
        for place in wanted { outputs.append(Int32(start + place)) }
        segments.append(Segment(start: start, count: sequence.count, slot: slot))
    }

    private mutating func appendRows(_ sequence: some Collection<Int32>, from first: Int, expert: Int32) {
        tokens.append(contentsOf: sequence)
        for position in first..<first + sequence.count {
            positions.append(Int32(position))
            experts.append(expert)
        }
    }

    /// Adds what follows a beginning whose rows are there already. The hidden states of the beginning's last row and of all
    /// rows added are wanted.
    private mutating func append(_ sequence: some Collection<Int32>, after prefix: Range<Int>, expert: Int32) {
        outputs.append(Int32(prefix.upperBound - 1))
        guard !sequence.isEmpty else { return }
        let start = count
        appendRows(sequence, from: prefix.count, expert: expert)
        for row in start..<count { outputs.append(Int32(row)) }
        segments.append(Segment(start: start, count: sequence.count, prefix: prefix, slot: nil))
    }

    /// Clears the batch and fills it with whole sequences, whose completions are to be scored, until the next would bring its
    /// tokens or its outputs past `limit`; at least one. Neighbours with the same prompt share its rows, so that a completion of
    /// one token adds an output and no row.
    ///
    /// - Returns: the place of the first sequence that is not in it.
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

    /// Adds the next token of a sequence whose earlier ones are in the cache; its hidden state is wanted.
    package mutating func append(next token: Int32, position: Int, expert: Int32 = 0, slot: Int) {
        outputs.append(Int32(count))
        segments.append(Segment(start: count, count: 1, slot: slot))
        tokens.append(token)
        positions.append(Int32(position))
        experts.append(expert)
    }
}
