/// Where a unit's numbers first left the finite ones.
struct NonFiniteToken: Sendable, Equatable, CustomStringConvertible {
    /// The rollout's place in the unit, and the token's in its completion.
    let rollout: Int
    let position: Int
    let problem: String
    let sample: Int
    let token: Int32
    /// `KL is nan`
    let quantity: String

    var description: String {
        "token \(position) (identifier \(token)) of rollout \(rollout) (problem \(problem), sample \(sample)), whose \(quantity)"
    }
}
