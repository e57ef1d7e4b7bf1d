/// The content of a unit: everything that determines its numbers besides the base model and the policies that it names.
///
/// The kinds of job differ in nothing else. Training samples and asks for a gradient; evaluation and pass 1 sample greedily;
/// a search scores references too.
package struct WorkUnit: Sendable, Equatable, Codable {
    /// One completion that the unit consists of.
    package struct Sequence: Sendable, Equatable {
        /// An index into the unit's `problems`.
        package let problem: Int
        /// With the problem's index in the round it names the random stream.
        package let sample: Int
        /// An index into the unit's `policies`: the one that answers.
        package let policy: Int

        package init(problem: Int, sample: Int = 0, policy: Int = 0) {
            self.problem = problem
            self.sample = sample
            self.policy = policy
        }
    }

    package let key: UnitKey
    /// The seed of all random streams.
    package let seed: UInt64
    package let problems: [Problem]
    /// The index of each problem in the round.
    package let problemIndices: [Int]
    /// In the order of the batch. The sequences of one prompt group stand side by side.
    package let sequences: [Sequence]
    /// Content addresses, each once.
    package let policies: [Digest]
    /// How completions are drawn; nil where the problems' references are scored instead.
    package let sampling: Sampling?
    /// Absent where only completions and rewards are wanted.
    package let gradient: GradientSpecification?

    package init(
        key: UnitKey, seed: UInt64, problems: [Problem], problemIndices: [Int], sequences: [Sequence],
        policies: [Digest], sampling: Sampling?, gradient: GradientSpecification? = nil
    ) {
        self.key = key
        self.seed = seed
        self.problems = problems
        self.problemIndices = problemIndices
        self.sequences = sequences
        self.policies = policies
        self.sampling = sampling
        self.gradient = gradient
    }

    /// The sequences of each prompt: runs of neighbours with one problem and one policy.
    package var groups: [Range<Int>] {
        var groups: [Range<Int>] = []
        for (index, sequence) in sequences.enumerated() {
            if let last = groups.last, case let first = sequences[last.lowerBound], first.problem == sequence.problem,
                first.policy == sequence.policy
            {
                groups[groups.count - 1] = last.lowerBound..<index + 1
            } else {
                groups.append(index..<index + 1)
            }
        }
        return groups
    }
}

extension WorkUnit.Sequence {
    /// `samples` sequences of each problem under the unit's first policy, problem by problem.
    package static func all(problems: Int, samples: Int = 1) -> [WorkUnit.Sequence] {
        (0..<problems).flatMap { problem in (0..<samples).map { .init(problem: problem, sample: $0) } }
    }
}

extension WorkUnit.Sequence: Codable {
    /// Three numbers, since a lease may hold thousands of them.
    package init(from decoder: any Decoder) throws {
        var values = try decoder.unkeyedContainer()
        self.init(
            problem: try values.decode(Int.self), sample: try values.decode(Int.self),
            policy: try values.decode(Int.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.unkeyedContainer()
        try values.encode(problem)
        try values.encode(sample)
        try values.encode(policy)
    }
}
