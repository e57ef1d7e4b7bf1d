/// The order and sizes of the parts of a flat vector: one per adapted weight or LoRA factor, layer by layer.
package struct ExpertLayout: Sendable, Equatable, Codable {
    package struct Entry: Sendable, Equatable, Codable {
        /// The weight's Hugging Face name, such as `model.layers.0.mlp.gate_proj.weight`.
        package let name: String
        /// The number of singular values, or of a LoRA factor's elements.
        package let count: Int

        package init(name: String, count: Int) {
            self.name = name
            self.count = count
        }
    }

    package let entries: [Entry]
    /// The start of each entry in the flat vector, followed by the total.
    package let offsets: [Int]

    package var count: Int { offsets.last! }

    package init(entries: [Entry]) {
        self.entries = entries
        offsets = entries.reduce(into: [0]) { $0.append($0.last! + $1.count) }
    }

    package init(model: ModelConfiguration, targets: TargetModules) {
        self.init(
            entries: model.matrices(of: targets).map { Entry(name: $1.name(layer: $0), count: $1.rank(model)) })
    }

    /// The indices of an entry's values in the flat vector.
    /// The number of singular values of all matrices of a model that can be trained.
    package static func largestCount(of model: ModelConfiguration) -> Int {
        MatrixKind.allCases.reduce(0) { $0 + $1.rank(model) } * model.layerCount
    }

    package func range(_ index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }

    package init(from decoder: any Decoder) throws { self.init(entries: try [Entry](from: decoder)) }

    package func encode(to encoder: any Encoder) throws { try entries.encode(to: encoder) }
}

/// z or LoRA's factors, or their gradient: one flat vector with its layout. z is dimensionless; 1 is the base model.
package struct ExpertVector: Sendable, Equatable {
    package let layout: ExpertLayout
    package var values: [Float]

    package init(layout: ExpertLayout, values: [Float]) {
        precondition(values.count == layout.count)
        self.layout = layout
        self.values = values
    }

    package init(layout: ExpertLayout, repeating value: Float) {
        self.init(layout: layout, values: [Float](repeating: value, count: layout.count))
    }

    package subscript(entry index: Int) -> ArraySlice<Float> { values[layout.range(index)] }

    /// The name of the first entry that holds a NaN or an infinity.
    package var firstNonFinite: String? {
        zip(layout.entries, layout.entries.indices).first { !self[entry: $1].allSatisfy(\.isFinite) }?.0.name
    }
}
