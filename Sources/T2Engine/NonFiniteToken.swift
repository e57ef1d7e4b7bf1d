/// Where a unit's numbers first left the finite ones.
struct NonFiniteToken: Sendable, Equatable, CustomStringConvertible {
    /// The index of the completion in the unit, and of the token in the completion.
    let completion: Int
    let position: Int
    let problem: String
    let sample: Int
    let token: Int32
    /// `KL is nan`
    let quantity: String

    var description: String {
        "token \(position) (identifier \(token)) of completion \(completion) (problem \(problem), sample \(sample)), whose \(quantity)"
    }
}
