import T2Core

/// The sum of a step's unit gradients, added in unit order whatever the order of arrival.
///
/// Invariants: units 0..<`added` are in `total`, in that order, in Float64; later ones wait in `waiting`. The result therefore
/// depends on the gradients alone, to the last bit.
package struct GradientSum: Sendable {
    package let layout: ExpertLayout
    /// Units whose turn has come: a gap holds back all later ones.
    package private(set) var added = 0
    private var total: [Double]
    private var waiting: [Int: [Float]] = [:]

    package init(layout: ExpertLayout) {
        self.layout = layout
        total = [Double](repeating: 0, count: layout.count)
    }

    /// Takes in one unit's Σ ∂/∂z, each unit once.
    ///
    /// - Throws: `LearningError.wrongCount` or `.nonFinite` naming the unit; the sum is then unchanged.
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

    /// (1/B) Σ over the units 0..<`units`, rounded to Float32 once.
    ///
    /// - Parameter sequences: B, the sequences of the whole step.
    package func mean(units: Int, sequences: Int) -> ExpertVector {
        precondition(added == units && waiting.isEmpty, "the gradients of all units of the step, and no others")
        precondition(sequences > 0)
        return ExpertVector(layout: layout, values: total.map { Float($0 / Double(sequences)) })
    }
}
