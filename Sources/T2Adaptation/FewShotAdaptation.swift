import T2Core
import T2Learning
import T2Model
import T2Tasks
import T2Text

/// A few-shot search over the experts of one base model, from the examples to the mixture it finds.
package struct FewShotAdaptation {
    package struct Result: Sendable {
        package let outcome: FewShotSearch.Outcome
        /// α as it is used (normalised if that was asked for), by expert, then by matrix; one value each if all matrices share it.
        package let coefficients: [(expert: String, values: [Double])]
        package let shots: [Problem]
        package let mixture: ExpertFile
    }

    private let base: BaseModel
    private let entries: [ExpertLibrary.Entry]
    private let parameterisation: MixtureParameterisation
    private let task: TrainingTask
    private let shots: [Problem]
    private let settings: FewShotSearch.Settings

    /// - Parameter examples: of the task, to draw the shots from.
    /// - Throws: `InputError` if there are fewer examples than shots.
    package init(
        _ base: BaseModel, _ entries: [ExpertLibrary.Entry], _ parameterisation: MixtureParameterisation,
        task: TrainingTask, examples: [Problem], shots: Int, settings: FewShotSearch.Settings
    ) throws {
        self.base = base
        self.entries = entries
        self.parameterisation = parameterisation
        self.task = task
        self.shots = try ShotSelection.draw(shots, from: examples, task: task.name, seed: settings.seed)
        self.settings = settings
    }

    /// - Parameters:
    ///   - maxTokens: of an answer.
    ///   - decomposition: told how many matrices are decomposed, and of how many.
    package func run(
        lanes: ModelLanes, tokenizer: Tokenizer, verifier: Verifier, maxTokens: Int,
        decomposition: @escaping @Sendable (Int, Int) -> Void = { _, _ in }, isCancelled: () -> Bool = { false },
        onIteration: (FewShotSearch.Iteration) -> Void = { _ in }
    ) throws -> Result {
        let adaptation = Adaptation.smallest(covering: parameterisation.layout, of: base.configuration)
        let svf = try SVFModel(base, adaptation: adaptation, progress: decomposition)
        let evaluator = try CandidateEvaluator(
            svf, lanes: lanes, tokenizer: tokenizer, verifier: verifier, shots: shots, maxTokens: maxTokens)
        let gradient =
            settings.method == .gradient
            ? try MixtureGradient(
                svf, lanes: lanes, tokenizer: tokenizer, verifier: verifier, shots: shots, maxTokens: maxTokens,
                seed: settings.seed) : nil
        let search = FewShotSearch(parameterisation, evaluator: evaluator, shots: shots.count, settings: settings)
        let outcome = try search.run(gradient: gradient, isCancelled: isCancelled, onIteration: onIteration)
        let matrices = parameterisation.scope == .shared ? 1 : parameterisation.layout.entries.count
        let used = (0..<matrices).map { parameterisation.coefficients(outcome.alpha, matrix: $0) }
        let coefficients = entries.indices.map { expert in
            (expert: entries[expert].name, values: used.map { $0[expert] })
        }
        return Result(
            outcome: outcome, coefficients: coefficients, shots: shots,
            mixture: try mixture(outcome, coefficients))
    }

    private func mixture(
        _ outcome: FewShotSearch.Outcome, _ coefficients: [(expert: String, values: [Double])]
    ) throws -> ExpertFile {
        let vector = parameterisation.vector(outcome.alpha)
        if let name = vector.firstNonFinite {
            throw InputError("mixture", "'\(name)' overflows float32", remedy: "Use --normalize.")
        }
        var measures = ["shots": String(shots.count), "shots-right": String(outcome.score.right)]
        measures["method"] = settings.method.rawValue
        for (index, part) in coefficients.enumerated() {
            let mean = part.values.reduce(0, +) / Double(part.values.count)
            measures["part-\(index + 1)"] =
                "\(mean) of \(part.expert)" + (part.values.count > 1 ? ", mean over its matrices" : "")
        }
        let description = ExpertFile.Description(
            modelDigest: entries[0].expert.description.modelDigest, task: task.name, parameterisation: "mixture",
            step: outcome.iterations.count, seed: settings.seed, measures: measures)
        return ExpertFile(description: description, vector: vector)
    }
}

extension MixtureParameterisation {
    /// - Throws: `InputError` if the experts are of different base models or layouts, or LoRA adapters.
    package init(
        mixing entries: [ExpertLibrary.Entry], scope: Scope = .shared, isNormalized: Bool = false
    ) throws {
        // Its checks are those of any mixture.
        _ = try ExpertMixture(entries.map { .init(name: $0.path, expert: $0.expert, coefficient: 1) })
        self.init(entries.map(\.expert.vector), scope: scope, isNormalized: isNormalized)
    }
}
