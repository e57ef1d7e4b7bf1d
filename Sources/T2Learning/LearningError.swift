import T2Core

/// What can go wrong between rewards and the next policy.
package enum LearningError: UserFacingError, Equatable {
    /// Keys of the configuration whose values cannot be used, alone or together.
    case configuration(keys: String, problem: String, remedy: String)
    /// A leave-one-out mean or a standard deviation needs other samples.
    case tooFewSamples(kind: AdvantageKind, place: String, found: Int)
    /// A vector that does not fit the layout of z.
    case wrongCount(quantity: String, expected: Int, found: Int)
    /// The first NaN or infinity of a vector; `index` counts from 0 inside the entry.
    case nonFinite(quantity: String, entry: String, index: Int, value: String)
    /// A matrix whose singular values give no nuclear norm.
    case unusableSingularValues(entry: String, problem: String)

    package var description: String {
        switch self {
        case .configuration(let keys, let problem, let remedy):
            "\(keys): \(problem). \(remedy)"
        case .tooFewSamples(let kind, let place, let found):
            "advantage '\(kind.rawValue)': \(place) has \(found) sample\(found == 1 ? "" : "s"), at least 2 are needed. "
                + Advantage.remedy(for: kind)
        case .wrongCount(let quantity, let expected, let found):
            "\(quantity) has \(found) values, expected \(expected). Do all workers have the same base model and adapted weights?"
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

    /// - Throws: `LearningError.nonFinite` for the first NaN or infinity of `values`.
    static func requireFinite(
        _ values: [Float], layout: ExpertLayout, quantity: @autoclosure () -> String
    ) throws(LearningError) {
        guard let position = values.firstIndex(where: { !$0.isFinite }) else { return }
        // The last entry that starts at or before the position; empty entries start there too and hold nothing.
        let entry = layout.entries.indices.last { layout.offsets[$0] <= position } ?? 0
        throw .nonFinite(
            quantity: quantity(), entry: layout.entries[entry].name, index: position - layout.offsets[entry],
            value: "\(values[position])")
    }
}
