import T2Core

/// A reward that is not missing.
struct JudgedReward: Sendable, Equatable {
    let reward: Reward
    let value: Float
}
