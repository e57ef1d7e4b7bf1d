/// The two thin factors whose product LoRA adds to a weight: W′ = W + s·B·A.
package enum LoRAFactor: String, Sendable, CaseIterable {
    /// [r, N].
    case a = "lora_A"
    /// [M, r].
    case b = "lora_B"
}

/// One weight [M, N] that LoRA changes.
package struct LoRAMatrix: Sendable, Equatable {
    package let layer: Int
    package let kind: MatrixKind
    /// r, at least 1.
    package let rank: Int
    /// N.
    package let inputs: Int
    /// M.
    package let outputs: Int
    /// s = α/r; 1 if B already contains it.
    package let scale: Float

    package init(layer: Int, kind: MatrixKind, rank: Int, inputs: Int, outputs: Int, scale: Float) {
        precondition(layer >= 0 && rank > 0 && inputs > 0 && outputs > 0)
        self.layer = layer
        self.kind = kind
        self.rank = rank
        self.inputs = inputs
        self.outputs = outputs
        self.scale = scale
    }

    /// `model.layers.0.mlp.gate_proj.lora_A.weight`
    package func name(_ factor: LoRAFactor) -> String { Self.name(layer: layer, kind: kind, factor) }

    package func shape(_ factor: LoRAFactor) -> [Int] {
        switch factor {
        case .a: [rank, inputs]
        case .b: [outputs, rank]
        }
    }

    package func count(_ factor: LoRAFactor) -> Int { shape(factor).reduce(1, *) }

    package static func name(layer: Int, kind: MatrixKind, _ factor: LoRAFactor) -> String {
        "model.layers.\(layer).\(kind.rawValue).\(factor.rawValue).weight"
    }

    /// The parts of a factor's name; nil for any other name.
    package static func parts(of name: some StringProtocol) -> (layer: Int, kind: MatrixKind, factor: LoRAFactor)? {
        guard let match = String(name).wholeMatch(of: /model\.layers\.(\d+)\.(.+)\.(lora_[AB])\.weight/),
            let layer = Int(match.1), let kind = MatrixKind(rawValue: String(match.2)),
            let factor = LoRAFactor(rawValue: String(match.3)), Self.name(layer: layer, kind: kind, factor) == name
        else { return nil }
        return (layer, kind, factor)
    }
}

/// The weights that a LoRA adapter changes, layer by layer, and the order of their factors in one flat vector: for each
/// weight A, then B, row-major.
package struct LoRALayout: Sendable, Equatable {
    package let matrices: [LoRAMatrix]
    /// The names and sizes of the factors, for code that treats the vector as opaque.
    package let expertLayout: ExpertLayout

    package init(_ matrices: [LoRAMatrix]) {
        self.matrices = matrices
        expertLayout = ExpertLayout(
            entries: matrices.flatMap { matrix in
                LoRAFactor.allCases.map { .init(name: matrix.name($0), count: matrix.count($0)) }
            })
    }

    /// A layout with one rank for all weights that `targets` names.
    package init(model: ModelConfiguration, targets: TargetModules, rank: Int, alpha: Float) {
        self.init(
            model.matrices(of: targets).map { layer, kind in
                let (rows, columns) = kind.shape(model)
                return LoRAMatrix(
                    layer: layer, kind: kind, rank: rank, inputs: columns, outputs: rows, scale: alpha / Float(rank))
            })
    }

    /// Derives the layout from the names and counts of a vector that is run; s is 1, since its B contains the scale.
    ///
    /// - Parameter location: the source of the vector, for messages.
    /// - Throws: `InputError` naming the entry that does not fit this model.
    package init(_ layout: ExpertLayout, of model: ModelConfiguration, location: String = "expert") throws {
        let counts = Dictionary(layout.entries.map { ($0.name, $0.count) }, uniquingKeysWith: { first, _ in first })
        guard counts.count == layout.entries.count else {
            throw Self.misfit(location, "it has two entries of one name")
        }
        var matrices: [LoRAMatrix] = []
        for entry in layout.entries {
            guard let (layer, kind, factor) = LoRAMatrix.parts(of: entry.name), layer < model.layerCount else {
                throw Self.misfit(location, "'\(entry.name)' is not a LoRA factor of a weight of this model")
            }
            guard factor == .a else { continue }
            let (rows, columns) = kind.shape(model)
            let rank = entry.count / columns
            guard rank > 0, rank * columns == entry.count else {
                throw Self.misfit(
                    location, "'\(entry.name)' has \(entry.count) values, expected a multiple of \(columns)")
            }
            let matrix = LoRAMatrix(layer: layer, kind: kind, rank: rank, inputs: columns, outputs: rows, scale: 1)
            guard counts[matrix.name(.b)] == matrix.count(.b) else {
                let found = "'\(matrix.name(.b))' has \(counts[matrix.name(.b)] ?? 0) values"
                throw Self.misfit(location, "\(found), expected \(matrix.count(.b)) for rank \(rank)")
            }
            matrices.append(matrix)
        }
        self.init(matrices)
        guard expertLayout == layout else {
            throw Self.misfit(location, "its factors are not in pairs of A and B, each once")
        }
    }

    private static func misfit(_ location: String, _ problem: String) -> InputError {
        InputError(location, problem, remedy: "Use a LoRA adapter of this base model.")
    }

    /// The indices of a matrix's factor in the flat vector.
    package func range(_ matrix: Int, _ factor: LoRAFactor) -> Range<Int> {
        expertLayout.range(2 * matrix + (factor == .a ? 0 : 1))
    }

    /// (A, B) ↦ (A, s·B): maps stored parameters to the vector that is run, and a gradient of the latter to one of the
    /// former.
    package func scaled(_ values: [Float]) -> [Float] { mapB(values) { $0 * $1 } }

    /// (A, s·B) ↦ (A, B).
    package func unscaled(_ values: [Float]) -> [Float] { mapB(values) { $0 / $1 } }

    private func mapB(_ values: [Float], _ transform: (Float, Float) -> Float) -> [Float] {
        precondition(values.count == expertLayout.count)
        var result = values
        for (k, matrix) in matrices.enumerated() {
            for index in range(k, .b) { result[index] = transform(values[index], matrix.scale) }
        }
        return result
    }
}

extension ExpertLayout {
    /// Whether its vectors hold LoRA's factors instead of scales of singular values.
    package var isLoRA: Bool { entries.contains { LoRAMatrix.parts(of: $0.name) != nil } }
}
