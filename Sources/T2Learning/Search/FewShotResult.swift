import T2Core
import T2Formats

/// The result of a few-shot search: the coefficients, and the mixture as an expert file.
package struct FewShotResult: Sendable {
    package let solution: FewShotSearch.Solution
    /// α as it is used, which is normalised if the parameterisation is: by expert, then by matrix; one value each if all
    /// matrices share it.
    package let coefficients: [(expert: String, values: [Double])]
    package let shots: [Problem]
    package let mixture: ExpertFile

    /// `coefficients` by the expert's name.
    package var coefficientsByExpert: [String: [Double]] {
        Dictionary(uniqueKeysWithValues: coefficients.map { ($0.expert, $0.values) })
    }

    /// - Throws: `InputError` if the mixture overflows.
    package init(
        _ solution: FewShotSearch.Solution, of parameterisation: MixtureParameterisation,
        _ entries: [ExpertLibrary.Entry], task: String, shots: [Problem], settings: FewShotSearch.Settings
    ) throws {
        let matrices = parameterisation.scope == .shared ? 1 : parameterisation.layout.entries.count
        let used = (0..<matrices).map { parameterisation.coefficients(solution.alpha, matrix: $0) }
        coefficients = entries.enumerated().map { index, entry in (entry.name, used.map { $0[index] }) }
        let vector = parameterisation.vector(solution.alpha)
        if let name = vector.firstNonFinite {
            throw InputError("mixture", "'\(name)' overflows float32", remedy: "Use --normalize.")
        }
        var measures = [
            "shots": String(shots.count), "shots-right": String(solution.score.right),
            "method": settings.method.rawValue,
        ]
        for (index, part) in coefficients.enumerated() {
            let mean = part.values.reduce(0, +) / Double(part.values.count)
            measures["part-\(index + 1)"] =
                "\(mean) of \(part.expert)" + (part.values.count > 1 ? ", mean over its matrices" : "")
        }
        let description = ExpertFile.Description(
            modelDigest: entries[0].expert.description.modelDigest, task: task, parameterisation: "mixture",
            step: solution.iterations.count, seed: settings.seed, measures: measures)
        self.solution = solution
        self.shots = shots
        mixture = ExpertFile(description: description, vector: vector)
    }
}
