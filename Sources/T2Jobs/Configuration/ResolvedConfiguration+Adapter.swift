import T2Core
import T2Transport

extension ResolvedConfiguration {
    /// Refuses keys that the adapter does not have, and a rank that is too large for this model or for a message.
    ///
    /// - Throws: `ConfigurationError` with all problems.
    package func checkAdapter(of model: ModelConfiguration) throws {
        let problems = configuration.adapter == .lora ? loraProblems(model) : svfProblems()
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    }

    private func svfProblems() -> [ConfigurationError.Problem] {
        let given: [(ConfigurationKey, String?)] = [
            (.rank, configuration.rank.map { "\($0)" }), (.alpha, configuration.alpha.map { "\($0)" }),
        ]
        return given.compactMap { key, found in
            found.map {
                problem(
                    key,
                    "\($0) was given, but adapter is svf, whose size follows from the weights. "
                        + "Leave it out, or train LoRA: adapter lora.")
            }
        }
    }

    private func loraProblems(_ model: ModelConfiguration) -> [ConfigurationError.Problem] {
        var problems: [ConfigurationError.Problem] = []
        let values = configuration
        if values.parameterisation != .direct {
            problems.append(
                problem(
                    .parameterisation,
                    "\(values.parameterisation.rawValue) is a form of z, which adapter lora does not have. "
                        + "Leave it out, or train z: adapter svf."))
        }
        if let alpha = values.alpha, !(alpha > 0 && alpha.isFinite) {
            problems.append(problem(.alpha, "expected \(ConfigurationKey.alpha.expectation), found \(alpha)."))
        }
        let rank = values.rank ?? AdapterKind.defaultRank
        let adapted = MatrixKind.allCases.filter { $0.isTarget(of: values.targetModules) }
        let smallest = adapted.map { $0.rank(model) }.min() ?? 0
        guard (1...max(1, smallest)).contains(rank) else {
            problems.append(
                problem(
                    .rank,
                    "expected 1 to \(smallest), the smallest side of this model's adapted weights, found \(rank)."))
            return problems
        }
        let count = LoRALayout(model: model, targets: values.targetModules, rank: rank, alpha: 1).expertLayout.count
        let (bytes, limit) = (count * MemoryLayout<Float>.stride, MessageLimits.tensorBytes)
        if bytes > limit {
            problems.append(
                problem(
                    .rank,
                    "with rank \(rank) A and B have \(TrainingPreparation.size(bytes)), a message holds "
                        + "\(TrainingPreparation.size(limit)). Lower rank, or train fewer weights: target-modules mlp.")
            )
        }
        return problems
    }
}
