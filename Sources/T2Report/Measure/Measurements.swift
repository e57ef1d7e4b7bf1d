import Foundation
import T2Core
import T2Formats
import T2Jobs
import T2Learning
import T2Tasks

/// Evaluations and searches whose results are kept in a folder, so that none is measured twice.
///
/// A result's file name ends with a digest of everything that it depends on: after a change, it is measured again.
struct Measurements: Sendable {
    let folder: String
    let configuration: ReportConfiguration

    /// - Throws: `InputError` (cannot create) if the folder cannot be created.
    init(folder: String, configuration: ReportConfiguration) throws {
        self.folder = folder
        self.configuration = configuration
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
            onLongPrompt: configuration.onLongPrompt, classification: try Classification(model.experts),
            chat: try model.tokenizer.chatContext(
                system: configuration.system, date: configuration.date, names: ("system", "date")))
    }

    /// The problems of a split; the configuration's limit applies to the test split only.
    func reading(_ task: TrainingTask, _ split: Split, on model: ReportModel) throws -> TaskReader.Problems {
        try reader(task, model).problems(split, first: split == .test ? configuration.limit : nil)
    }

    /// The examples of a few-shot search.
    func examples(_ task: TrainingTask, on model: ReportModel) throws -> TaskReader.Problems {
        try reader(task, model).examples()
    }

    /// Greedy answers to a split's problems.
    ///
    /// - Throws: `Stopped` if the job was stopped; `InputError` (try again) for missing rewards.
    func records(
        _ task: TrainingTask, _ split: Split, system: String, on model: ReportModel,
        _ strategy: any PolicyAssigner, _ service: any JobService
    ) async throws -> [EvaluationRecord] {
        let reader = try reader(task, model)
        let job = EvaluationJob(
            name: "report", model: model.jobModel, task: task.name,
            problems: try reading(task, split, on: model).problems, strategy: strategy, sampling: reader.sampling(),
            seed: configuration.seed)
        let path = try path(job, "\(task.name).\(split.rawValue).\(fileName(system))", "jsonl", task.fingerprint)
        if FileManager.default.fileExists(atPath: path) { return try EvaluationRecord.read(path: path) }
        let records = try await finished(job, service).records()
        for record in records {
            guard let reason = record.reward.missingReason else { continue }
            throw InputError(
                "problem '\(record.id)'", "its reward is missing: \(reason)",
                remedy: "Remove the cause and run the same command again.", exitStatus: .tryAgain)
        }
        try EvaluationRecord.write(records, to: path)
        return records
    }

    /// Pass 1 alone, on every prompt of a test split.
    func dispatches(
        _ task: TrainingTask, classifier: PromptClassifier, on model: ReportModel, _ service: any JobService
    ) async throws -> [Dispatch] {
        let job = FirstPassJob(
            name: "report", model: model.jobModel, prompts: try reading(task, .test, on: model).problems,
            strategy: try PromptClassification(model.experts, by: classifier))
        let path = try path(job, "\(task.name).dispatch.\(classifier.rawValue)", "json", task.fingerprint)
        return try await stored(at: path) { try await finished(job, service).assignment().dispatches ?? [] }
    }

    /// The result of a few-shot search.
    struct Search: Codable {
        let alpha: [Double]
        let shots: Int
        let right: Int
        let iterations: [FewShotSearch.Iteration]

        var rollouts: Int? { iterations.last?.rollouts }

        func mixture(of entries: [ExpertLibrary.Entry]) throws -> Policy {
            .svf(try MixtureParameterisation(mixing: entries).vector(alpha))
        }
    }

    /// - Parameters:
    ///   - entries: the experts that are mixed.
    ///   - owner: the source of the experts, for the file name.
    func search(
        _ task: TrainingTask, method: FewShotSearch.Method, _ entries: [ExpertLibrary.Entry], owner: String,
        on model: ReportModel, _ service: any JobService
    ) async throws -> Search {
        var settings = configuration.search
        settings.method = method
        let job = try SearchJob(
            name: "report", model: model.jobModel, task: task.name,
            shots: try ShotSelection.draw(
                configuration.shots, from: try examples(task, on: model).problems, task: task.name, seed: settings.seed),
            sampling: try reader(task, model).sampling(), entries: entries,
            mixture: try MixtureParameterisation(mixing: entries), settings: settings)
        let path = try path(job, "\(task.name).\(fileName(owner)).\(method.rawValue)", "json", task.fingerprint)
        return try await stored(at: path) {
            let solution = try await finished(job, service).result().solution
            return Search(
                alpha: solution.alpha, shots: configuration.shots, right: solution.score.right,
                iterations: solution.iterations)
        }
    }

    /// The content of the file, or the new measurement, which is then written to the file.
    private func stored<Value: Codable>(
        at path: String, _ measure: () async throws -> Value
    ) async throws -> Value {
        if FileManager.default.fileExists(atPath: path) {
            return try JSONDecoder().decode(Value.self, from: try MappedFile(path: path).data)
        }
        let value = try await measure()
        try AtomicFile.write(try CanonicalJSON.text(value) + "\n", to: path)
        return value
    }

    /// The path of a job's result; the file name ends with the digest of what it depends on.
    private func path(_ job: some Job, _ name: String, _ suffix: String, _ taskFingerprint: String) throws -> String {
        let digest = Digest(of: try job.identity().digest.hexadecimal + taskFingerprint)
        return "\(folder)/\(name).\(digest.short).\(suffix)"
    }

    private func finished<J: Job>(_ job: J, _ service: any JobService) async throws -> J {
        guard case .finished(let job) = try await service.run(job, progress: { _ in }, onEvent: { _, _ in }) else {
            throw Stopped()
        }
        return job
    }

    private func fileName(_ text: String) -> String { text.replacingOccurrences(of: " ", with: "-") }
}

/// The report was stopped; finished measurements are kept.
struct Stopped: UserFacingError {
    var description: String {
        "the report was stopped. Finished measurements are kept: run the same command again to continue."
    }

    var exitStatus: ExitStatus { .tryAgain }
}
