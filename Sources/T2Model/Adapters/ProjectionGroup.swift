import T2Core

/// Weight matrices with the same input, multiplied as one matrix of their transposes side by side.
///
/// `TargetModules` includes a group whole or not at all. Groups and members have the order of `ExpertLayout`.
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

    /// The number of singular values of all members.
    package func rank(_ model: ModelConfiguration) -> Int { members.reduce(0) { $0 + $1.rank(model) } }
}
