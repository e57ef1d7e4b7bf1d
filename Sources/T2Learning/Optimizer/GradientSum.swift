import T2Core

/// The Float64 sum of the gradients of a step's units, added in the order of the units, so that it depends only on the
/// gradients, to the last bit.
package struct GradientSum: Sendable {
    package let layout: ExpertLayout
    private var added = 0
    private var total: [Double]

    package init(layout: ExpertLayout) {
        self.layout = layout
        total = [Double](repeating: 0, count: layout.count)
    }

    /// Adds the gradient of the next unit, Σ ∂/∂z.
    ///
    /// - Throws: `LearningError.wrongCount` or `.nonFinite`, which names the unit. The sum is then unchanged.
    package mutating func add(_ gradient: [Float], unit: Int) throws(LearningError) {
        precondition(unit == added, "units are added in their order, each once")
        guard gradient.count == layout.count else {
            throw .wrongCount(quantity: "the gradient of unit \(unit)", expected: layout.count, found: gradient.count)
        }
        try LearningError.requireFinite(gradient, layout: layout, quantity: "the gradient of unit \(unit)")
        for index in total.indices { total[index] += Double(gradient[index]) }
        added += 1
    }

    /// The mean gradient per sequence, (1/B) Σ over the units, rounded once to Float32.
    ///
    /// - Parameter sequences: B, the number of sequences in the whole step.
    package func mean(sequences: Int) -> ExpertVector {
        precondition(sequences > 0)
        return ExpertVector(layout: layout, values: total.map { Float($0 / Double(sequences)) })
    }
}
