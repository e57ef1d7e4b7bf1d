/// The last durations of something, at most 64 of them.
package struct DurationHistory: Sendable, Equatable {
    package static let capacity = 64
    private var durations: [Duration] = []
    private var next = 0

    package init() {}

    package mutating func record(_ duration: Duration) {
        if durations.count < Self.capacity {
            durations.append(duration)
        } else {
            durations[next] = duration
            next = (next + 1) % Self.capacity
        }
    }

    /// Nearest-rank percentile; nil if nothing was recorded.
    package func percentile(_ fraction: Double) -> Duration? {
        guard !durations.isEmpty else { return nil }
        let rank = Int((fraction * Double(durations.count)).rounded(.up))
        return durations.sorted()[max(1, min(rank, durations.count)) - 1]
    }
}
