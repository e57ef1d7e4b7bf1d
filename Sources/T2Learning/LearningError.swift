import T2Core

/// The errors between the rewards of a step and its next policy.
package enum LearningError: UserFacingError, Equatable {
    /// A value in the configuration is out of range, or the values of several keys contradict each other.
    case configuration(keys: String, problem: String, remedy: String)
    /// A leave-one-out mean or a standard deviation has too few samples, of a unit or of a prompt.
    case tooFewSamples(kind: AdvantageKind, of: String, found: Int)
    /// A vector does not have the number of values that the layout of z requires.
    case wrongCount(quantity: String, expected: Int, found: Int)
    /// A vector holds a NaN or an infinity. `index` is the index of the first one, counted from 0 inside its entry.
    case nonFinite(quantity: String, entry: String, index: Int, value: String)
    /// The singular values of a matrix have no positive, finite sum.
    case unusableSingularValues(entry: String, problem: String)

    package var description: String {
        switch self {
        case .configuration(let keys, let problem, let remedy):
            "\(keys): \(problem). \(remedy)"
        case .tooFewSamples(let kind, let owner, let found):
            "advantage '\(kind.rawValue)': \(owner) has \(found) sample\(found == 1 ? "" : "s"), expected at least 2. "
                + Advantage.remedy(for: kind)
        case .wrongCount(let quantity, let expected, let found):
            "\(quantity) has \(found) values, expected \(expected). "
                + "Check that all workers have the same base model and adapted weights."
        case .nonFinite(let quantity, let entry, let index, let value):
            "\(quantity) is not finite: value \(index) of '\(entry)' is \(value). Nothing was updated. "
                + "Start a new run with a lower learning-rate or kl-coefficient in another --run-dir."
        case .unusableSingularValues(let entry, let problem):
            "the singular values of '\(entry)' \(problem). Check the base model's weights, or use parameterisation: direct."
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .configuration, .tooFewSamples: .configuration
        case .wrongCount, .nonFinite, .unusableSingularValues: .data
        }
    }

    /// - Throws: `LearningError.configuration` that names the key, unless its value is as expected.
    static func require(
        _ holds: Bool, _ key: String, _ value: some CustomStringConvertible, _ expected: String, remedy: String
    ) throws(LearningError) {
        guard !holds else { return }
        throw .configuration(keys: key, problem: "is \(value), expected \(expected)", remedy: remedy)
    }

    /// Checks that all values are finite.
    ///
    /// - Throws: `LearningError.nonFinite` for the first NaN or infinity.
    static func requireFinite(
        _ values: [Float], layout: ExpertLayout, quantity: @autoclosure () -> String
    ) throws(LearningError) {
        guard let position = values.firstIndex(where: { !$0.isFinite }) else { return }
        // The entry is the last one that starts at or before the position. An empty entry may start there too.
        let entry = layout.entries.indices.last { layout.offsets[$0] <= position } ?? 0
        throw .nonFinite(
            quantity: quantity(), entry: layout.entries[entry].name, index: position - layout.offsets[entry],
            value: "\(values[position])")
    }
}
