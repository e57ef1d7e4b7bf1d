/// The purpose of a unit's completions.
package enum Phase: String, Sendable, Codable, Hashable, Comparable, CaseIterable {
    /// Samples under the step's policy; the result has a gradient.
    case train
    /// Answers the validation split greedily under the step's policy.
    case validation
    /// Answers a search's shots greedily under each of its candidates.
    case answers
    /// Scores the likelihood of the shots' references under each candidate.
    case references
    /// Samples on a search's shots under its current mixture; the result has a gradient.
    case mixtureGradient = "mixture-gradient"
    /// Classifies each problem in the first pass of an evaluation.
    case classification
    /// Answers the problems of an evaluation.
    case evaluation

    package static func < (a: Phase, b: Phase) -> Bool { a.rank < b.rank }

    package var isTraining: Bool { self == .train || self == .validation }

    private var rank: Int {
        switch self {
        case .train: 0
        case .validation: 1
        case .answers: 2
        case .references: 3
        case .mixtureGradient: 4
        case .classification: 5
        case .evaluation: 6
        }
    }
}

/// The name of a unit of work: one or more whole prompt groups of one run and step.
///
/// The unit's content, seeds and batch shape depend on the run's seed and this name alone, never on the worker.
package struct UnitKey: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
    package let run: String
    package let step: Int
    package let phase: Phase
    package let index: Int

    package init(run: String, step: Int, phase: Phase, index: Int) {
        self.run = run
        self.step = step
        self.phase = phase
        self.index = index
    }

    package var description: String { "\(run)/\(step)/\(phase.rawValue)/\(index)" }

    package static func < (a: UnitKey, b: UnitKey) -> Bool {
        (a.run, a.step, a.phase, a.index) < (b.run, b.step, b.phase, b.index)
    }
}

/// Names one lease: an attempt at a unit.
package struct LeaseName: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
    package let unit: UnitKey
    /// Numbered from 1 over all leases of the unit.
    package let attempt: Int

    package init(unit: UnitKey, attempt: Int) {
        self.unit = unit
        self.attempt = attempt
    }

    package var description: String { "\(unit), attempt \(attempt)" }

    package static func < (a: LeaseName, b: LeaseName) -> Bool { (a.unit, a.attempt) < (b.unit, b.attempt) }
}

/// A worker process: a persistent name, and an incarnation that changes at every start.
package struct WorkerIdentifier: Sendable, Hashable, Codable, CustomStringConvertible {
    package let name: String
    package let incarnation: UInt64

    package init(name: String, incarnation: UInt64) {
        self.name = name
        self.incarnation = incarnation
    }

    package var description: String { name }
}
