/// The content of a unit: everything that determines its numbers besides the base model and the policies that it names.
package struct WorkUnit: Sendable, Equatable, Codable {
    /// One completion of the unit.
    package struct Sequence: Sendable, Equatable {
        /// An index into the unit's `problems`.
        package let problem: Int
        /// Together with the problem's index in the round, it selects the random stream.
        package let sample: Int
        /// The index of the policy that answers, in the unit's `policies`.
        package let policy: Int

        package init(problem: Int, sample: Int = 0, policy: Int = 0) {
            self.problem = problem
            self.sample = sample
            self.policy = policy
        }

        /// `samples` sequences of each problem under the unit's first policy, problem by problem.
        package static func all(problems: Int, samples: Int = 1) -> [Sequence] {
            (0..<problems).flatMap { problem in (0..<samples).map { .init(problem: problem, sample: $0) } }
        }
    }

    package let key: UnitKey
    /// The seed of all random streams.
    package let seed: UInt64
    package let problems: [Problem]
    /// The index of each problem in the round.
    package let problemIndices: [Int]
    /// Sequences in batch order. Those of one prompt group are adjacent.
    package let sequences: [Sequence]
    /// Content addresses without repetition.
    package let policies: [Digest]
    /// Nil if the problems' references are scored instead.
    package let sampling: Sampling?
    /// Nil if no gradient is requested.
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

    /// The index ranges of adjacent sequences with the same problem and policy.
    package var groups: [Range<Int>] {
        let starts = sequences.indices.filter { index in
            guard index > 0 else { return true }
            let (sequence, last) = (sequences[index], sequences[index - 1])
            return (sequence.problem, sequence.policy) != (last.problem, last.policy)
        }
        return zip(starts, starts.dropFirst() + [sequences.count]).map { $0..<$1 }
    }
}

extension WorkUnit.Sequence: Codable {
    /// Sequences are encoded as three numbers without keys, because a lease may hold thousands.
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
