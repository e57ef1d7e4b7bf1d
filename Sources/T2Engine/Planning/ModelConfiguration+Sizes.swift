import T2Core
import T2Formats
import T2Model

extension ModelConfiguration {
    /// The sum of a size over all matrices of the target modules.
    func sum(_ targets: TargetModules, _ size: (MatrixKind) -> Int) -> Int {
        layerCount * MatrixKind.allCases.reduce(0) { $0 + ($1.isTarget(of: targets) ? size($1) : 0) }
    }

    /// The number of all weights, with embeddings, norms and biases.
    package var weightCount: Int { weights.reduce(0) { $0 + $1.shape.reduce(1, *) } }
}

extension MatrixKind {
    /// M·N.
    func elements(_ model: ModelConfiguration) -> Int { shape(model).rows * shape(model).columns }

    /// R·(M+N): the elements of U and V.
    func factorElements(_ model: ModelConfiguration) -> Int {
        rank(model) * (shape(model).rows + shape(model).columns)
    }
}

extension ProjectionGroup {
    /// The groups of the target modules.
    static func all(of targets: TargetModules) -> [ProjectionGroup] {
        allCases.filter { $0.members[0].isTarget(of: targets) }
    }

    /// The singular values of all members.
    func ranks(_ model: ModelConfiguration) -> Int { members.reduce(0) { $0 + $1.rank(model) } }
}
