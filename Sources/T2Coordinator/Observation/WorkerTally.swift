import Foundation
import T2Core
import T2Jobs

/// What one worker process has computed.
struct WorkerTally: Sendable {
    /// The time constant of the rate, in seconds.
    private static let span = 30.0

    let machine: String
    let joined: ContinuousClock.Instant
    private(set) var units = 0
    private(set) var tokens = 0
    /// Σ tokens · exp(−age / span) at `updated`.
    private var weighted = 0.0
    private var updated: ContinuousClock.Instant

    init(machine: String, joined: ContinuousClock.Instant) {
        self.machine = machine
        self.joined = joined
        updated = joined
    }

    mutating func add(_ summary: UnitSummary, at now: ContinuousClock.Instant) {
        weighted = weighted * exp(-(now - updated).seconds / Self.span) + Double(summary.statistics.completionTokens)
        updated = now
        units += 1
        tokens += summary.statistics.completionTokens
    }

    /// Completion tokens of accepted units per second: Σ tokens · exp(−age / span) over the weight of the time since
    /// joining, span · (1 − exp(−time / span)).
    func tokensPerSecond(at now: ContinuousClock.Instant) -> Double {
        let time = (now - joined).seconds
        guard time > 0 else { return 0 }
        return weighted * exp(-(now - updated).seconds / Self.span) / (Self.span * (1 - exp(-time / Self.span)))
    }
}
