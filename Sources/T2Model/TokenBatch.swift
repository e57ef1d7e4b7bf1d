/// The tokens of one pass through the model: several sequences, packed one after another without padding.
///
/// Reused between passes: clearing keeps the memory.
package struct TokenBatch {
    /// Consecutive rows that belong to one sequence.
    package struct Segment {
        package let start: Int
        package let count: Int
        /// Where its keys and values are kept for later passes; nil if nobody continues it.
        package let slot: Int?
    }

    package private(set) var tokens: [Int32] = []
    package private(set) var positions: [Int32] = []
    /// Row of the scale table that each token uses.
    package private(set) var experts: [Int32] = []
    package private(set) var segments: [Segment] = []
    /// Rows whose final hidden state is wanted, ascending.
    package private(set) var outputs: [Int32] = []

    package init() {}

    package var count: Int { tokens.count }

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
        let start = tokens.count
        tokens.append(contentsOf: sequence)
        for position in 0..<sequence.count {
            positions.append(Int32(position))
            experts.append(expert)
        }
        for place in wanted { outputs.append(Int32(start + place)) }
        segments.append(Segment(start: start, count: sequence.count, slot: slot))
    }

    /// Adds the next token of a sequence whose earlier ones are in the cache; its hidden state is wanted.
    package mutating func append(next token: Int32, position: Int, expert: Int32 = 0, slot: Int) {
        outputs.append(Int32(tokens.count))
        segments.append(Segment(start: tokens.count, count: 1, slot: slot))
        tokens.append(token)
        positions.append(Int32(position))
        experts.append(expert)
    }
}
