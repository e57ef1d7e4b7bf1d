/// The weight matrices that an adapter changes. Norms, embeddings and the head are never among them.
package enum TargetModules: String, Sendable, Codable, CaseIterable {
    case mlp
    case attention
    case all

    /// The choice with the fewest matrices that covers a layout.
    package static func smallest(covering layout: ExpertLayout, of model: ModelConfiguration) -> TargetModules {
        let names = Set(layout.entries.map(\.name))
        return [.mlp, .attention].first { targets in
            names.isSubset(of: ExpertLayout(model: model, targets: targets).entries.map(\.name))
        } ?? .all
    }
}

extension ModelConfiguration {
    /// The layer and kind of each matrix that `targets` names, in the order in which every vector stores them.
    package func matrices(of targets: TargetModules) -> [(layer: Int, kind: MatrixKind)] {
        let kinds = MatrixKind.allCases.filter { $0.isTarget(of: targets) }
        return (0..<layerCount).flatMap { layer in kinds.map { (layer, $0) } }
    }
}

/// The seven weight matrices of a layer, in the order in which every vector stores them.
package enum MatrixKind: String, Sendable, CaseIterable {
    case query = "self_attn.q_proj"
    case key = "self_attn.k_proj"
    case value = "self_attn.v_proj"
    case output = "self_attn.o_proj"
    case gate = "mlp.gate_proj"
    case up = "mlp.up_proj"
    case down = "mlp.down_proj"

    package func isTarget(of targets: TargetModules) -> Bool {
        switch (self, targets) {
        case (_, .all): true
        case (.query, _), (.key, _), (.value, _), (.output, _): targets == .attention
        case (.gate, _), (.up, _), (.down, _): targets == .mlp
        }
    }

    /// The weight's Hugging Face name.
    package func name(layer: Int) -> String { "model.layers.\(layer).\(rawValue).weight" }

    /// The bias's Hugging Face name, in the architectures that have one.
    package func biasName(layer: Int) -> String { "model.layers.\(layer).\(rawValue).bias" }

    /// [out, in] as stored by Hugging Face.
    package func shape(_ model: ModelConfiguration) -> (rows: Int, columns: Int) {
        switch self {
        case .query: (model.querySize, model.hiddenSize)
        case .key, .value: (model.keyValueSize, model.hiddenSize)
        case .output: (model.hiddenSize, model.querySize)
        case .gate, .up: (model.intermediateSize, model.hiddenSize)
        case .down: (model.hiddenSize, model.intermediateSize)
        }
    }

    /// The number of singular values: min(out, in).
    package func rank(_ model: ModelConfiguration) -> Int {
        let shape = shape(model)
        return min(shape.rows, shape.columns)
    }
}
