import T2Core

/// The sum of the gradients of a step's units. They are added in the order of the units, whatever the order of their
/// arrival.
///
/// - Invariant: `total` is the Float64 sum of the units 0..<`added`, added in this order; `waiting` holds all later
///   units that have arrived. The result therefore depends only on the gradients, to the last bit.
package struct GradientSum: Sendable {
    package let layout: ExpertLayout
    /// The number of units that have been added. A missing unit holds back all later ones.
    package private(set) var added = 0
    private var total: [Double]
    private var waiting: [Int: [Float]] = [:]

    package init(layout: ExpertLayout) {
        self.layout = layout
        total = [Double](repeating: 0, count: layout.count)
    }

    /// Adds the gradient of one unit, Σ ∂/∂z. Each unit may be added once.
    ///
    /// - Throws: `LearningError.wrongCount` or `.nonFinite`, which names the unit. The sum is then unchanged.
    package mutating func add(_ gradient: [Float], unit: Int) throws(LearningError) {
        precondition(unit >= added && waiting[unit] == nil, "a unit's gradient counts once")
        guard gradient.count == layout.count else {
            throw .wrongCount(quantity: "the gradient of unit \(unit)", expected: layout.count, found: gradient.count)
        }
        try LearningError.requireFinite(gradient, layout: layout, quantity: "the gradient of unit \(unit)")
        waiting[unit] = gradient
        while let next = waiting.removeValue(forKey: added) {
            for index in total.indices { total[index] += Double(next[index]) }
            added += 1
        }
    }

    /// The mean gradient per sequence, (1/B) Σ over the units 0..<`units`, rounded once to Float32.
    ///
    /// - Parameter sequences: B, the number of sequences in the whole step.
    package func mean(units: Int, sequences: Int) -> ExpertVector {
        precondition(
            added == units && waiting.isEmpty, "the sum must have the gradients of all units of the step, and no others"
        )
        precondition(sequences > 0)
        return ExpertVector(layout: layout, values: total.map { Float($0 / Double(sequences)) })
    }
}
