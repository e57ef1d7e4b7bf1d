/// The mean reward of all past steps: the baseline of `running-mean`, known before a step's first lease.
package struct RunningMeanReward: Sendable, Equatable, Codable {
    package private(set) var sum = 0.0
    package private(set) var count = 0

    package init() {}

    /// 0 before the first step, so that its advantages are the rewards.
    package var mean: Float { count == 0 ? 0 : Float(sum / Double(count)) }

    /// Takes in the rewards of a finished step; missing rewards are not among them.
    package mutating func add(sum: Double, count: Int) {
        self.sum += sum
        self.count += count
    }
}
