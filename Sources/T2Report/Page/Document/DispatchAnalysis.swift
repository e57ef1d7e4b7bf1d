import T2Core

/// The categories to which the first pass assigns prompts.
package struct DispatchAnalysis: Sendable, Equatable, Codable {
    /// One matrix for each strategy that classifies prompts.
    package var matrices: [ConfusionMatrix]
    var notes: [String] = []
}

/// The number of prompts of each true category that were assigned to each category.
package struct ConfusionMatrix: Sendable, Equatable, Codable {
    /// The name of the strategy that classified the prompts.
    var name: String
    /// The true categories, which are the rows.
    var categories: [String]
    /// The possible decisions, which are the columns: the true categories, and others such as `other`.
    var decisions: [String]
    /// The numbers of prompts, [categories, decisions].
    package var counts: [[Int]]

    /// The share of a category's prompts that were assigned to that category.
    func recall(_ row: Int) -> AccuracyInterval {
        let right = decisions.firstIndex(of: categories[row]).map { counts[row][$0] } ?? 0
        return AccuracyInterval(correct: right, count: counts[row].reduce(0, +))
    }

    /// The share of all prompts that were assigned to their true category.
    var accuracy: AccuracyInterval {
        let recalls = categories.indices.map(recall)
        return AccuracyInterval(
            correct: recalls.reduce(0) { $0 + $1.correct }, count: recalls.reduce(0) { $0 + $1.count })
    }
}
