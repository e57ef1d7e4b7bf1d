import T2Core

/// Completions of a step without a reward when one was first asked for, as far as this coordinator has seen. Each was or will be
/// judged again; many of them mean that something is broken.
struct MissingRewards: Sendable {
    private let step: Int
    private let sequences: Int
    /// The first word that there was of a unit; what its later attempts say is of the same completions.
    private var units: [UnitKey: [String: Int]] = [:]

    /// - Parameter sequences: that the step has rewards for.
    init(step: Int, sequences: Int) {
        self.step = step
        self.sequences = sequences
    }

    /// Rewards that completions lack, by reason.
    static func reasons(_ completions: [Completion]) -> [String: Int] {
        completions.reduce(into: [:]) { reasons, completion in
            if let reason = completion.reward.missingReason { reasons[reason, default: 0] += 1 }
        }
    }

    /// Notes what an accepted unit had to judge again.
    mutating func add(_ statistics: UnitStatistics, unit: UnitKey) { add(statistics.missing, unit) }

    /// Notes a unit that failed; only for want of rewards is it of any interest here.
    mutating func add(_ failure: UnitFailure, unit: UnitKey) { add(failure.missingReasons, unit) }

    private mutating func add(_ reasons: [String: Int], _ unit: UnitKey) {
        if !reasons.isEmpty, units[unit] == nil { units[unit] = reasons }
    }

    /// - Throws: `CoordinatorError.missingRewards` if they are more than this share of the step's sequences.
    func check(limit: Double) throws(CoordinatorError) {
        let reasons = units.values.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        let count = reasons.values.reduce(0, +)
        guard Double(count) > limit * Double(sequences) else { return }
        let main = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3)
        throw .missingRewards(
            step: step, count: count, sequences: sequences, limit: limit,
            reasons: main.map { "\($0.value) times: \($0.key)" })
    }
}
