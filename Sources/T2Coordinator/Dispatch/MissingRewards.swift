import T2Core
import T2Jobs

/// Counts the completions of a step whose reward was missing at the first attempt, since this coordinator's start. Each
/// is judged again, but a large number of them indicates a fault.
struct MissingRewards: Sendable {
    let step: Int
    /// The number of sequences of the step.
    let sequences: Int
    let handling: MissingRewardHandling
    /// The first report of each unit; later attempts concern the same completions.
    private(set) var units: [UnitKey: [String: Int]] = [:]

    /// The number of missing rewards, by reason.
    static func reasons(_ completions: [Completion]) -> [String: Int] {
        completions.compactMap(\.reward.withShortReason.missingReason).reduce(into: [:]) { $0.count(missing: $1) }
    }

    /// Notes the rewards that were missing when a unit was accepted, or when it failed because of them.
    mutating func add(_ reasons: [String: Int], unit: UnitKey) {
        if !reasons.isEmpty, units[unit] == nil { units[unit] = reasons }
    }

    /// - Throws: `CoordinatorError.missingRewards` if their share of the step's sequences exceeds the job's limit.
    func check() throws(CoordinatorError) {
        guard case .stop(let limit) = handling else { return }
        let reasons = units.values.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        let count = reasons.values.reduce(0, +)
        guard Double(count) > limit * Double(sequences) else { return }
        let main = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3)
        throw .missingRewards(
            step: step, count: count, sequences: sequences, limit: limit,
            reasons: main.map { "\($0.value) times: \($0.key)" })
    }
}
