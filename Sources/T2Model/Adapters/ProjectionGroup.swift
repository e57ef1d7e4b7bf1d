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

    /// The members and their columns in the group's matrix.
    func columns(_ model: ModelConfiguration) -> [(kind: MatrixKind, columns: Range<Int>)] {
        var end = 0
        return members.map { kind in
            let start = end
            end += kind.shape(model).rows
            return (kind, start..<end)
        }
    }
}

/// A value for each projection group of each layer.
package struct ProjectionTable<Value> {
    /// Layer by layer, in the order of the groups.
    let values: [Value]

    init(layerCount: Int, _ value: (Int, ProjectionGroup) throws -> Value) rethrows {
        values = try (0..<layerCount).flatMap { layer in
            try ProjectionGroup.allCases.map { try value(layer, $0) }
        }
    }

    subscript(layer: Int, group: ProjectionGroup) -> Value {
        values[layer * ProjectionGroup.allCases.count + group.rawValue]
    }
}

extension ProjectionTable: Sendable where Value: Sendable {}
