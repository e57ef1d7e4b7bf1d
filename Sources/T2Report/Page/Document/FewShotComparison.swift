/// A comparison of methods that search the coefficients of few-shot adaptation with the same number of rollouts.
package struct FewShotComparison: Sendable, Equatable, Codable {
    package struct Point: Sendable, Equatable, Codable {
        /// The number of rollouts sampled so far.
        var rollouts: Int
        /// The share of the shots that are answered right with the best coefficients so far, in 0…1.
        package var score: Double
    }

    /// The progress of one search.
    package struct Search: Sendable, Equatable, Codable {
        var task: String
        var method: String
        package var points: [Point]
    }

    /// The test accuracy with the coefficients that each method found. The systems of this table are the methods.
    var results: AccuracyTable
    package var searches: [Search]
}
