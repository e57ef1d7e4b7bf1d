import T2Core

/// Which category the first pass takes prompts for.
package struct DispatchAnalysis: Sendable, Equatable, Codable {
    /// One for each strategy that classifies.
    package var matrices: [ConfusionMatrix]
    package var notes: [String]

    package init(matrices: [ConfusionMatrix], notes: [String] = []) {
        self.matrices = matrices
        self.notes = notes
    }
}

/// How many prompts of each true category were taken for which one.
package struct ConfusionMatrix: Sendable, Equatable, Codable {
    /// The strategy that decided.
    package var name: String
    /// The true categories: rows.
    package var categories: [String]
    /// What could be decided: columns. The true categories, and others such as `other`.
    package var decisions: [String]
    /// Prompts, [categories, decisions].
    package var counts: [[Int]]

    package init(name: String, categories: [String], decisions: [String], counts: [[Int]]) {
        self.name = name
        self.categories = categories
        self.decisions = decisions
        self.counts = counts
    }

    /// Prompts of a category, and those of them that were taken for it.
    func recall(_ row: Int) -> AccuracyInterval {
        let right = decisions.firstIndex(of: categories[row]).map { counts[row][$0] } ?? 0
        return AccuracyInterval(correct: right, count: counts[row].reduce(0, +))
    }

    /// All prompts, and those of them that were taken for what they are.
    var accuracy: AccuracyInterval {
        let recalls = categories.indices.map(recall)
        return AccuracyInterval(
            correct: recalls.reduce(0) { $0 + $1.correct }, count: recalls.reduce(0) { $0 + $1.count })
    }
}
