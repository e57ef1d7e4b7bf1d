/// A comparison of methods that search the coefficients of few-shot adaptation with the same number of rollouts.
package struct FewShotComparison: Sendable, Equatable, Codable {
    package struct Point: Sendable, Equatable, Codable {
        /// The number of rollouts sampled so far.
        package var rollouts: Int
        /// The share of the shots that are answered right with the best coefficients so far, in 0…1.
        package var score: Double

        package init(rollouts: Int, score: Double) {
            self.rollouts = rollouts
            self.score = score
        }
    }

    /// The progress of one search.
    package struct Search: Sendable, Equatable, Codable {
        package var task: String
        package var method: String
        package var points: [Point]

        package init(task: String, method: String, points: [Point]) {
            self.task = task
            self.method = method
            self.points = points
        }
    }

    /// The test accuracy with the coefficients that each method found. The systems of this table are the methods.
    package var results: AccuracyTable
    package var searches: [Search]

    package init(results: AccuracyTable, searches: [Search] = []) {
        self.results = results
        self.searches = searches
    }
}
