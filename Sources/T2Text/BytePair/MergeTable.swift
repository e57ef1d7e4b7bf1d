/// The pairs of neighbouring tokens that merge, each with its rank and its result: a hash table with open addressing.
///
/// - Invariant: the number of slots is a power of two and at least twice the number of pairs.
struct MergeTable: Sendable {
    struct Merge: Sendable {
        /// The index in the list of merges. Lower ranks merge first.
        let rank: Int32
        let result: Int32
    }

    private var keys: [UInt64]
    private var merges: [Merge]
    private static let free = UInt64.max

    init(capacity: Int) {
        let slots = max(2, capacity * 2).roundedUpToPowerOfTwo
        keys = Array(repeating: Self.free, count: slots)
        merges = Array(repeating: Merge(rank: 0, result: 0), count: slots)
    }

    /// Adds a merge. A later merge of the same pair replaces an earlier one, as in the tokenizers library.
    mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
        let slot = slot(of: key(left, right))
        keys[slot] = key(left, right)
        merges[slot] = merge
    }

    subscript(left: Int32, right: Int32) -> Merge? {
        let slot = slot(of: key(left, right))
        return keys[slot] == Self.free ? nil : merges[slot]
    }

    /// The pairs that merge, in no order.
    var pairs: some Sequence<(left: Int32, right: Int32)> {
        keys.lazy.filter { $0 != Self.free }.map { key in
            (Int32(truncatingIfNeeded: key >> 32), Int32(truncatingIfNeeded: key))
        }
    }

    private func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// The slot that holds the key, or the free slot for it.
    private func slot(of key: UInt64) -> Int {
        // Fibonacci hashing: the high half of the product depends on both tokens.
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & (keys.count - 1)
        while keys[slot] != key, keys[slot] != Self.free { slot = (slot + 1) & (keys.count - 1) }
        return slot
    }
}
