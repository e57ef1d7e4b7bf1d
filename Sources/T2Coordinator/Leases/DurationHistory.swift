import Algorithms

/// The last 64 recorded durations.
package struct DurationHistory: Sendable, Equatable {
    package static let capacity = 64
    /// Durations in the order in which they were recorded.
    private var durations: [Duration] = []
    private var sorted: [Duration] = []

    package mutating func record(_ duration: Duration) {
        if durations.count == Self.capacity { sorted.remove(at: sortedIndex(of: durations.removeFirst())) }
        durations.append(duration)
        sorted.insert(duration, at: sortedIndex(of: duration))
    }

    /// The nearest-rank percentile; nil if nothing was recorded.
    ///
    /// - Cost: O(1).
    package func percentile(_ fraction: Double) -> Duration? {
        guard !sorted.isEmpty else { return nil }
        let rank = Int((fraction * Double(sorted.count)).rounded(.up))
        return sorted[max(1, min(rank, sorted.count)) - 1]
    }

    /// The first index whose duration is not shorter.
    private func sortedIndex(of duration: Duration) -> Int { sorted.partitioningIndex { $0 >= duration } }
}
