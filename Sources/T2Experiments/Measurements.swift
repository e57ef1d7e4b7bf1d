import Foundation
import T2Adaptation
import T2Core
import T2Evaluation
import T2Learning
import T2Model
import T2Tasks

/// Evaluations and searches whose results stay in a folder: what is there already is not measured again.
///
/// A result's file name ends with a digest of everything that it rests on, so that a changed expert or setting is measured anew.
struct Measurements {
    let folder: String
    let verifier: Verifier
    let configuration: ReportConfiguration
    let isCancelled: @Sendable () -> Bool

    /// - Throws: `SystemError` if the folder cannot be made.
    init(
        folder: String, verifier: Verifier, configuration: ReportConfiguration,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws {
        self.folder = folder
        self.verifier = verifier
        self.configuration = configuration
        self.isCancelled = isCancelled
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw InputError(
                folder, "cannot be created: \(error.localizedDescription)", remedy: "Choose another --output.",
                exitStatus: .cannotCreate)
        }
    }

    private func reader(_ task: TrainingTask, _ model: ReportModel) throws -> TaskReader {
        TaskReader(
            task, folder: configuration.data, tokenizer: model.tokenizer, model: model.folder.configuration,
            maxTokens: configuration.maxTokens, onBadRecord: configuration.onBadRecord,
            // Every system answers the same problems: those that a first pass can ask about.
            onLongPrompt: configuration.onLongPrompt, classification: try Classification(model.experts))
    }

    /// The problems of a split; of the test split no more than the configuration's limit.
    func reading(_ task: TrainingTask, _ split: Split, on model: ReportModel) throws -> TaskReader.Problems {
        try reader(task, model).problems(split, first: split == .test ? configuration.limit : nil)
    }

    /// The examples of a few-shot search.
    func examples(_ task: TrainingTask, on model: ReportModel) throws -> TaskReader.Problems {
        try reader(task, model).examples()
    }

    /// Greedy answers to a split's problems.
    ///
    /// - Parameter basis: what the policy rests on besides the model.
    /// - Throws: `Stopped` if it was cancelled; `InputError` (try again) for missing rewards.
    func records(
        _ task: TrainingTask, _ split: Split, system: String, on model: ReportModel, basis: String,
        policy: () throws -> Evaluation.Policy
    ) throws -> [EvaluationRecord] {
        let reader = try reader(task, model)
        let problems = try reading(task, split, on: model).problems
        let digest = Digest(
            of: [
                model.folder.digest.hexadecimal, task.fingerprint, split.rawValue,
                try fingerprint(problems), "\(reader.sampling())", basis,
            ].joined(separator: "\n"))
        let path = "\(folder)/\(task.name).\(split.rawValue).\(fileName(system)).\(digest.short).jsonl"
        if FileManager.default.fileExists(atPath: path) { return try EvaluationRecord.read(path: path) }
        let evaluation = Evaluation(
            tokenizer: model.tokenizer, verifier: verifier,
            sampling: reader.sampling(), seed: configuration.seed)
        let completions = try evaluation.run(problems, try policy(), lanes: model.lanes, isCancelled: isCancelled)
        guard completions.count == problems.count else { throw Stopped() }
        for completion in completions {
            guard case .missing(let reason) = completion.reward else { continue }
            throw InputError(
                "problem '\(completion.problem.id)'", "its reward is missing: \(reason)",
                remedy: "Repair that and run the same command again.", exitStatus: .tryAgain)
        }
        let records = completions.map { EvaluationRecord($0) }
        try EvaluationRecord.write(records, to: path)
        return records
    }

    /// Pass 1 alone, on every prompt of a test split.
    func dispatches(
        _ task: TrainingTask, classifier: PromptClassifier, on model: ReportModel
    ) throws -> [Dispatch] {
        let problems = try reading(task, .test, on: model).problems
        let digest = Digest(
            of: [
                model.folder.digest.hexadecimal, try fingerprint(problems), try model.expertsFingerprint(),
            ].joined(separator: "\n"))
        let path = "\(folder)/\(task.name).dispatch.\(classifier.rawValue).\(digest.short).json"
        if FileManager.default.fileExists(atPath: path) {
            return try JSONDecoder().decode([Dispatch].self, from: try MappedFile(path: path).data)
        }
        let dispatcher = try PromptDispatcher(
            model.base, model.experts, classifier: classifier, tokenizer: model.tokenizer)
        let size = EvaluationBatch.problems
        let batches = stride(from: 0, to: problems.count, by: size).map { $0..<min($0 + size, problems.count) }
        let dispatches = try model.lanes.map(batches) { lane, _, batch in
            isCancelled() ? [] : try dispatcher.decide(batch.map { problems[$0].prompt }, lane: lane)
        }.flatMap(\.self)
        guard dispatches.count == problems.count else { throw Stopped() }
        try AtomicFile.write(try JSONEncoder().encode(dispatches), to: path)
        return dispatches
    }

    /// What a few-shot search found, and how.
    struct Search: Codable {
        let alpha: [Double]
        let shots: Int
        let right: Int
        let iterations: [FewShotSearch.Iteration]
    }

    /// - Parameter entries: the experts that are mixed; `owner` says whose they are.
    func search(
        _ task: TrainingTask, method: FewShotSearch.Method, _ entries: [ExpertLibrary.Entry], owner: String,
        on model: ReportModel
    ) throws -> Search {
        let plan = configuration.fewShot
        let reader = try reader(task, model)
        let examples = try examples(task, on: model).problems
        var settings = FewShotSearch.Settings()
        settings.method = method
        settings.population = plan.population
        settings.iterations = plan.iterations
        // Equal rollouts: no method ends before the others.
        settings.patience = nil
        settings.seed = configuration.seed
        let digest = Digest(
            of: [
                model.folder.digest.hexadecimal, task.fingerprint, try fingerprint(examples),
                "\(reader.sampling())", "\(plan)", String(settings.seed),
                entries.map(\.expert.vector.fingerprint).joined(separator: "\n"),
            ].joined(separator: "\n"))
        let path = "\(folder)/\(task.name).\(fileName(owner)).\(method.rawValue).\(digest.short).json"
        if FileManager.default.fileExists(atPath: path) {
            return try JSONDecoder().decode(Search.self, from: try MappedFile(path: path).data)
        }
        let adaptation = try FewShotAdaptation(
            model.base, entries, try MixtureParameterisation(mixing: entries), task: task, examples: examples,
            shots: plan.shots, settings: settings)
        let result = try adaptation.run(
            lanes: model.lanes, tokenizer: model.tokenizer, verifier: verifier,
            sampling: reader.sampling(),
            isCancelled: isCancelled)
        if isCancelled() { throw Stopped() }
        let search = Search(
            alpha: result.outcome.alpha, shots: plan.shots, right: result.outcome.score.right,
            iterations: result.outcome.iterations)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try AtomicFile.write(try encoder.encode(search), to: path)
        return search
    }

    /// Digest of everything that problems say.
    private func fingerprint(_ problems: [Problem]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return Digest(of: String(decoding: try encoder.encode(problems), as: UTF8.self)).hexadecimal
    }

    private func fileName(_ text: String) -> String { text.replacingOccurrences(of: " ", with: "-") }
}

/// The report was stopped; what was measured stays.
package struct Stopped: UserFacingError, Equatable {
    package init() {}

    package var description: String {
        "stopped. What was measured is kept: the same command goes on from there."
    }

    package var exitStatus: ExitStatus { .tryAgain }
}
