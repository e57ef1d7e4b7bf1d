import ArgumentParser
import T2CommandLine
import Foundation
import T2Adaptation
import T2Core
import T2Learning
import T2Model
import T2Tasks
import T2Text

/// How a prompt finds the z that answers it.
enum Strategy: Equatable, ExpressibleByArgument {
    /// The base model.
    case none
    /// The base model, or the classification expert, decides in a first pass.
    case classified(PromptDispatcher.Classifier)
    /// The mixture that a few examples of the task are answered best with.
    case fewShot
    /// An expert file.
    case file(String)

    static let names = ["none", "prompt", "cls-expert", "few-shot"]

    init?(argument: String) {
        switch argument {
        case "none": self = .none
        case "few-shot": self = .fewShot
        default: self = PromptDispatcher.Classifier(rawValue: argument).map { .classified($0) } ?? .file(argument)
        }
    }

    var name: String {
        switch self {
        case .none: "none"
        case .classified(let classifier): classifier.rawValue
        case .fewShot: "few-shot"
        case .file(let path): path
        }
    }

    var needsExperts: Bool {
        switch self {
        case .none, .file: false
        case .classified, .fewShot: true
        }
    }
}

/// A base model, and the strategy by which prompts find their experts.
struct StrategyOptions: ParsableArguments {
    @OptionGroup var options: AdaptedModelOptions

    @Option(
        help: ArgumentHelp(
            "Folder of the experts to choose among; needed by prompt, cls-expert, few-shot.", valueName: "dir"))
    var experts: String?

    @Option(
        help: ArgumentHelp(
            "none: the base model; prompt: it classifies the prompt first; cls-expert: an expert does; few-shot: the mixture "
                + "that answers a few examples best; or an expert file, as with --expert.", valueName: "strategy"))
    var adapt: Strategy?

    @Option(help: ArgumentHelp("Examples that few-shot searches with.", valueName: "n"))
    var shots = 10

    func validate() throws {
        guard shots >= 1 else { throw ValidationError("--shots is \(shots), expected 1 or more.") }
        if adapt != nil, options.expertPath != nil {
            throw ValidationError("--expert and --adapt both say what answers: give one of them.")
        }
        guard let adapt else {
            if experts != nil {
                throw ValidationError("--experts needs --adapt: \(Strategy.names.joined(separator: ", ")).")
            }
            return
        }
        if adapt.needsExperts, experts == nil {
            throw ValidationError("--adapt \(adapt.name) needs --experts DIR, the experts to choose among.")
        }
        if case .file(let path) = adapt, !FileManager.default.fileExists(atPath: path) {
            let suggestion = nearestName(to: path, among: Strategy.names).map { "Did you mean \($0)? " } ?? ""
            throw ValidationError(
                "--adapt '\(path)' is neither a strategy nor a file. \(suggestion)"
                    + "Strategies: \(Strategy.names.joined(separator: ", ")), or an expert file.")
        }
    }

    private var strategy: Strategy { adapt ?? options.expertPath.map { .file($0) } ?? .none }

    /// Where the shots of a few-shot search come from.
    struct FewShotSource {
        let task: TrainingTask
        let examples: [Problem]
        let maxTokens: Int
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
    func load(lanes: Int, fewShot: () throws -> FewShotSource) throws -> Loaded {
        let strategy = self.strategy
        var file = options
        if case .file(let path) = strategy { file.expertPath = path }
        guard strategy.needsExperts, let experts else {
            let loaded = try file.load()
            return Loaded(
                folder: loaded.folder, tokenizer: loaded.tokenizer, base: loaded.model.base,
                policy: .fixed(loaded.model), strategy: strategy.name, coefficients: nil)
        }
        let (folder, tokenizer) = try options.model.openFolder()
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
            base, entries, try MixtureParameterisation(mixing: entries), task: source.task, examples: source.examples,
            shots: shots, settings: settings)
        let reporter = ProgressReporter("few-shot")
        defer { reporter.finish() }
        return try adaptation.run(
            lanes: ModelLanes(base, count: lanes), tokenizer: tokenizer, verifier: source.verifier,
            maxTokens: source.maxTokens, decomposition: decomposing,
            onIteration: { iteration in
                reporter.report(
                    fraction: Double(iteration.iteration) / Double(settings.iterations),
                    note: "iteration \(iteration.iteration), best \(iteration.best.right) of \(shots) right")
            })
    }
}
