import T2Core

/// Weight matrices that read the same input, multiplied as one: their transposes stand side by side.
///
/// An adaptation takes a group whole or not at all, and the order of groups and members is that of `ExpertLayout`.
package enum ProjectionGroup: Int, CaseIterable, Sendable {
    case queryKeyValue
    case output
    case gateUp
    case down

    package var members: [MatrixKind] {
        switch self {
        case .queryKeyValue: [.query, .key, .value]
        case .output: [.output]
        case .gateUp: [.gate, .up]
        case .down: [.down]
        }
    }

    package func inputSize(_ model: ModelConfiguration) -> Int { members[0].shape(model).columns }

    package func outputSize(_ model: ModelConfiguration) -> Int { members.reduce(0) { $0 + $1.shape(model).rows } }

    /// Singular values of all members.
    package func rank(_ model: ModelConfiguration) -> Int { members.reduce(0) { $0 + $1.rank(model) } }
}
