import HeapModule

/// The working memory of byte-pair merging, which is reused from piece to piece.
struct BytePairScratch {
    /// The tokens of the piece: one for each byte before merging, the result afterwards.
    var symbols: [Int32] = []
    /// The merge of the pair that begins at each symbol, or `none` if that pair does not merge.
    private var pairs: [MergeTable.Merge] = []
    private var previous: [Int32] = []
    private var next: [Int32] = []
    /// The ranks of pairs that may merge, each above the index at which the pair begins.
    private var heap = Heap<UInt64>()

    private static let none = MergeTable.Merge(rank: .max, result: -1)

    /// Merges by looking through all pairs for the lowest rank.
    ///
    /// - Cost: O(n²) time for n symbols, with a small constant.
    mutating func mergeByScanning(_ merges: MergeTable) {
        guard symbols.count > 1 else { return }
        pairs.removeAll(keepingCapacity: true)
        for index in 0..<symbols.count - 1 { pairs.append(merges[symbols[index], symbols[index + 1]] ?? Self.none) }
        while true {
            var best = 0
            var rank = Int32.max
            for index in 0..<pairs.count where pairs[index].rank < rank {
                rank = pairs[index].rank
                best = index
            }
            guard rank < .max else { return }
            symbols[best] = pairs[best].result
            symbols.remove(at: best + 1)
            pairs.remove(at: best)
            if best > 0 { pairs[best - 1] = merges[symbols[best - 1], symbols[best]] ?? Self.none }
            if best < pairs.count { pairs[best] = merges[symbols[best], symbols[best + 1]] ?? Self.none }
        }
    }

    /// Merges by taking the lowest rank from a heap of pairs.
    ///
    /// - Cost: O(n log n) time for n symbols.
    mutating func mergeByHeap(_ merges: MergeTable) {
        let count = symbols.count
        let removed: Int32 = -1
        previous.removeAll(keepingCapacity: true)
        previous.append(contentsOf: -1..<Int32(count) - 1)
        next.removeAll(keepingCapacity: true)
        next.append(contentsOf: 1..<Int32(count))
        next.append(-1)
        for index in 0..<count - 1 {
            if let merge = merges[symbols[index], symbols[index + 1]] {
                heap.insert(UInt64(merge.rank) << 32 | UInt64(index))
            }
        }
        while let top = heap.popMin() {
            let left = Int(truncatingIfNeeded: top & 0xFFFF_FFFF)
            // A heap entry is stale once either half has merged with a neighbour: its rank then differs from that of
            // the pair now at this index.
            guard symbols[left] != removed, next[left] >= 0, case let right = Int(next[left]),
                let merge = merges[symbols[left], symbols[right]], UInt64(merge.rank) == top >> 32
            else { continue }
            symbols[left] = merge.result
            symbols[right] = removed
            next[left] = next[right]
            if next[right] >= 0 { previous[Int(next[right])] = Int32(left) }
            for start in [Int(previous[left]), left] where start >= 0 && next[start] >= 0 {
                if let merge = merges[symbols[start], symbols[Int(next[start])]] {
                    heap.insert(UInt64(merge.rank) << 32 | UInt64(start))
                }
            }
        }
        symbols.removeAll { $0 == removed }
    }
}
