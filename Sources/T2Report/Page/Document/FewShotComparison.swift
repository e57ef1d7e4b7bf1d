/// Ways to find the coefficients of few-shot adaptation, given the same number of rollouts.
package struct FewShotComparison: Sendable, Equatable, Codable {
    package struct Point: Sendable, Equatable, Codable {
        /// Sampled so far.
        package var rollouts: Int
        /// The share of the shots that the best coefficients so far answer right, in 0…1.
        package var score: Double

        package init(rollouts: Int, score: Double) {
            self.rollouts = rollouts
            self.score = score
        }
    }

    /// How one search went.
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

    /// Test accuracy of what each method found: its systems are the methods.
    package var results: AccuracyTable
    package var searches: [Search]

    package init(results: AccuracyTable, searches: [Search] = []) {
        self.results = results
        self.searches = searches
    }
}
