/// The coefficients α of z′ = Σ α_e z_e that few-shot adaptation found for each task.
package struct ContributionAnalysis: Sendable, Equatable, Codable {
    package struct Task: Sendable, Equatable, Codable {
        package var name: String
        /// The coefficients α, in the order of the experts.
        package var coefficients: [Double]

        package init(name: String, coefficients: [Double]) {
            self.name = name
            self.coefficients = coefficients
        }
    }

    package var experts: [String]
    package var tasks: [Task]
    package var notes: [String]

    package init(experts: [String], tasks: [Task], notes: [String] = []) {
        self.experts = experts
        self.tasks = tasks
        self.notes = notes
    }
}
