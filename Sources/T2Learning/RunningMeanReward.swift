/// The mean reward of all past steps: the baseline of `running-mean`, known before a step's first lease.
package struct RunningMeanReward: Sendable, Equatable, Codable {
    package private(set) var sum: Double
    package private(set) var count: Int

    package init(sum: Double = 0, count: Int = 0) {
        self.sum = sum
        self.count = count
    }

    /// 0 before the first step, so that its advantages are the rewards.
    package var mean: Float { count == 0 ? 0 : Float(sum / Double(count)) }

    /// Takes in the rewards of a finished step; missing rewards are not among them.
    package mutating func add(rewards: [Float]) {
        for reward in rewards { sum += Double(reward) }
        count += rewards.count
    }
}
