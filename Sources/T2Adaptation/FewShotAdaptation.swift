import T2Core
import T2Learning
import T2Model
import T2Tasks
import T2Text

/// A few-shot search over the experts of one base model, from the examples to the mixture it finds.
package struct FewShotAdaptation {
    package typealias Result = FewShotResult

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
    ///   - sampling: greedy.
    ///   - decomposition: told how many matrices are decomposed, and of how many.
    package func run(
        lanes: ModelLanes, tokenizer: Tokenizer, verifier: Verifier, sampling: Sampling,
        decomposition: @escaping @Sendable (Int, Int) -> Void = { _, _ in }, isCancelled: () -> Bool = { false },
        onIteration: (FewShotSearch.Iteration) -> Void = { _ in }
    ) throws -> Result {
        let adaptation = Adaptation.smallest(covering: parameterisation.layout, of: base.configuration)
        let svf = try SVFModel(base, adaptation: adaptation, progress: decomposition)
        let evaluator = try CandidateEvaluator(
            svf, lanes: lanes, tokenizer: tokenizer, verifier: verifier, shots: shots, sampling: sampling)
        let gradient =
            settings.method == .gradient
            ? try MixtureGradient(
                svf, lanes: lanes, tokenizer: tokenizer, verifier: verifier, shots: shots, sampling: sampling,
                seed: settings.seed) : nil
        let search = FewShotRun(parameterisation, evaluator: evaluator, shots: shots.count, settings: settings)
        let outcome = try search.run(gradient: gradient, isCancelled: isCancelled, onIteration: onIteration)
        return try FewShotResult(
            outcome, of: parameterisation, entries, task: task.name, shots: shots, settings: settings)
    }
}
