import ArgumentParser
import T2CommandLine
import Foundation
import T2Adaptation
import T2Core
import T2Evaluation
import T2Learning
import T2Model
import T2Tasks
import T2Text

/// A base model, and the strategy by which prompts find their experts.
struct StrategyOptions: ParsableArguments {
    @OptionGroup var model: ModelOptions
    @OptionGroup var selection: StrategySelectionOptions

    /// Where the shots of a few-shot search come from.
    struct FewShotSource {
        let reader: TaskReader
        let examples: [Problem]
        let seed: UInt64
        let verifier: Verifier
    }

    struct Loaded {
        let folder: BaseModelFolder
        let tokenizer: Tokenizer
        let base: BaseModel
        let policy: Evaluation.Policy
        let strategy: String
        /// α of each expert, where the strategy mixes them for all prompts alike.
        let coefficients: [String: [Double]]?
    }

    /// - Parameter fewShot: asked for by that strategy alone.
    func load(
        _ folder: BaseModelFolder, _ tokenizer: Tokenizer, lanes: Int, fewShot: () throws -> FewShotSource
    ) throws -> Loaded {
        let strategy = selection.strategy
        guard strategy.needsExperts, let experts = selection.experts else {
            let loaded = try AdaptedModelOptions.load(folder, tokenizer, expert: strategy.file)
            return Loaded(
                folder: loaded.folder, tokenizer: loaded.tokenizer, base: loaded.model.base,
                policy: .fixed(loaded.model), strategy: strategy.name, coefficients: nil)
        }
        let library = try ExpertLibrary(path: experts, model: folder.digest)
        let source = strategy == .fewShot ? try fewShot() : nil
        let base = try BaseModel(folder)
        let reporter = ProgressReporter("decomposing")
        defer { reporter.finish() }
        let decomposing: @Sendable (Int, Int) -> Void = { reporter.report($0, of: $1, "matrices") }
        var coefficients: [String: [Double]]?
        let policy: Evaluation.Policy
        if case .classified(let classifier) = strategy {
            policy = .dispatched(
                try PromptDispatcher(base, library, classifier: classifier, tokenizer: tokenizer, progress: decomposing)
            )
        } else if let source {
            let result = try search(library, source, base, tokenizer, lanes: lanes, decomposing)
            coefficients = Dictionary(uniqueKeysWithValues: result.coefficients.map { ($0.expert, $0.values) })
            policy = .fixed(try AdaptedModel(base, expert: result.mixture.vector))
        } else {
            preconditionFailure("a strategy that needs experts classifies or searches")
        }
        return Loaded(
            folder: folder, tokenizer: tokenizer, base: base, policy: policy, strategy: strategy.name,
            coefficients: coefficients)
    }

    private func search(
        _ library: ExpertLibrary, _ source: FewShotSource, _ base: BaseModel, _ tokenizer: Tokenizer, lanes: Int,
        _ decomposing: @escaping @Sendable (Int, Int) -> Void
    ) throws -> FewShotAdaptation.Result {
        let entries = library.entries.filter { !$0.isClassifier }
        var settings = FewShotSearch.Settings()
        settings.seed = source.seed
        let adaptation = try FewShotAdaptation(
            base, entries, try MixtureParameterisation(mixing: entries), task: source.reader.task,
            examples: source.examples,
            shots: selection.shots, settings: settings)
        let reporter = ProgressReporter("few-shot")
        defer { reporter.finish() }
        return try adaptation.run(
            lanes: ModelLanes(base, count: lanes), tokenizer: tokenizer, verifier: source.verifier,
            sampling: source.reader.sampling(), decomposition: decomposing,
            onIteration: { iteration in
                reporter.report(
                    fraction: Double(iteration.iteration) / Double(settings.iterations),
                    note: "iteration \(iteration.iteration), best \(iteration.best.right) of \(selection.shots) right")
            })
    }
}
