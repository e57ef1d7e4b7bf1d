import T2Core
import T2Formats

/// A weighted sum of experts of one base model: z = Σ α_e z_e.
package enum ExpertMixture {
    /// The name of an expert in messages and in the mixture's metadata, usually its file; the expert; and α, any finite
    /// number. The coefficients need not sum to 1.
    package typealias Part = (name: String, expert: ExpertFile, coefficient: Double)

    /// - Throws: `InputError` for no part, a coefficient that is not finite, or parts of different models or layouts.
    package static func check(_ parts: [Part]) throws {
        guard let first = parts.first else {
            throw InputError("mixture", "it has no parts", remedy: "Name at least one expert.", exitStatus: .usage)
        }
        for part in parts {
            guard part.coefficient.isFinite else {
                throw InputError(
                    part.name, "its coefficient is \(part.coefficient), expected a finite number",
                    remedy: "Give a number such as 0.5.", exitStatus: .usage)
            }
            guard !part.expert.vector.layout.isLoRA else {
                throw InputError(
                    part.name, "holds LoRA's factors, whose weighted sum is not the sum of the changed weights",
                    remedy: "Mix experts of scales z.")
            }
            try check(part, against: first)
        }
    }

    /// The mixture as an expert of its own.
    ///
    /// - Accuracy: summed in Float64, rounded once; coefficients (1, 0, …) give the first expert's values bit for bit.
    /// - Throws: as `check`; `InputError` if a sum overflows.
    package static func mixed(_ parts: [Part]) throws -> ExpertFile {
        try check(parts)
        let vector = MixtureParameterisation(parts.map(\.expert.vector)).vector(parts.map(\.coefficient))
        if let name = vector.firstNonFinite {
            throw InputError(
                "mixture", "'\(name)' overflows float32", remedy: "Use smaller coefficients.", exitStatus: .usage)
        }
        var measures: [String: String] = [:]
        for (index, part) in parts.enumerated() {
            let source = part.expert.description
            let step = source.step.map { ", step \($0)" } ?? ""
            let origin = source.task.map { " (task \($0)\(step))" } ?? ""
            measures["part-\(index + 1)"] = "\(part.coefficient) of \(part.name)\(origin)"
        }
        let description = ExpertFile.Description(
            modelDigest: parts[0].expert.description.modelDigest, task: "mix", parameterisation: "mixture", step: 0,
            seed: 0, measures: measures)
        return ExpertFile(description: description, vector: vector)
    }

    private static func check(_ part: Part, against first: Part) throws {
        let (found, expected) = (part.expert, first.expert)
        if let digest = found.description.modelDigest, let other = expected.description.modelDigest, digest != other {
            throw InputError(
                part.name,
                "is an expert of base model \(digest.short), \(first.name) of \(other.short)",
                remedy: "Mix experts of one base model.")
        }
        guard found.vector.layout == expected.vector.layout else {
            throw InputError(
                part.name,
                "adapts \(describe(found.vector.layout)), \(first.name) adapts \(describe(expected.vector.layout))",
                remedy: "Mix experts that were trained with the same target-modules.")
        }
    }

    private static func describe(_ layout: ExpertLayout) -> String {
        "\(layout.entries.count) matrices with \(layout.count) values"
    }
}
