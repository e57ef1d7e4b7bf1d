/// What the rollouts of a unit are for.
package enum Phase: String, Sendable, Codable, Hashable, Comparable {
    /// Sampled under the step's z; a gradient comes back.
    case train
    /// Greedy on the validation split under the step's z; only rewards come back.
    case validation
    /// Greedy on a search's shots under each of its candidates; only rewards come back.
    case answers
    /// How likely the shots' references are under a candidate.
    case references
    /// Sampled on a search's shots under its current mixture; a gradient comes back.
    case mixtureGradient = "mixture-gradient"
    /// The first pass of an evaluation: which category each problem is of.
    case classification
    /// A problem's answer in an evaluation; only rewards come back.
    case evaluation

    package static func < (a: Phase, b: Phase) -> Bool { a.rank < b.rank }

    /// Whether it belongs to a step of training.
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
/// Its content, seeds and batch shape depend on the run's seed and this name alone, never on who computes it.
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

/// A worker process: a name that lasts, and an incarnation that changes at every start.
package struct WorkerIdentifier: Sendable, Hashable, Codable, CustomStringConvertible {
    package let name: String
    package let incarnation: UInt64

    package init(name: String, incarnation: UInt64) {
        self.name = name
        self.incarnation = incarnation
    }

    package var description: String { name }
}
