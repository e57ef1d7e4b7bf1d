/// The coefficients α of z′ = Σ α_e z_e that few-shot adaptation found for each task.
package struct ContributionAnalysis: Sendable, Equatable, Codable {
    package struct Task: Sendable, Equatable, Codable {
        var name: String
        /// The coefficients α, in the order of the experts.
        package var coefficients: [Double]
    }

    var experts: [String]
    package var tasks: [Task]
    var notes: [String] = []
}
