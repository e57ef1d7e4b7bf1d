import Synchronization
import T2Core
import T2Formats
import T2Jobs
import T2Learning
import T2Tasks

/// The paper's tables and analyses, measured on the models of a configuration.
package final class Report: Sendable {
    struct Key: Hashable, Sendable {
        let task: String
        let system: String
    }

    /// The measurements made so far.
    struct Findings: Sendable {
        /// Test records of the first model; `transferRecords` are those of the second.
        var records: [Key: [EvaluationRecord]] = [:]
        var transferRecords: [Key: [EvaluationRecord]] = [:]
        var searches: [Key: Measurements.Search] = [:]
        /// The name of the best expert on the validation split, by task.
        var bestExperts: [String: String] = [:]
        /// The decisions of pass 1 on test prompts.
        var dispatches: [Key: [Dispatch]] = [:]
    }

    private struct Step: Sendable {
        let label: String
        let isOnSecond: Bool
        let run: @Sendable (any JobService) async throws -> Void
    }

    let configuration: ReportConfiguration
    let measurements: Measurements
    let model: ReportModel
    let second: ReportModel?
    let findings = Mutex(Findings())
    /// Lines that say what was left out of the data.
    let notices: [String]
    private let steps = Mutex<[Step]>([])

    /// The models that are measured, in order.
    package var models: [ReportModel] { [model, second].compactMap { $0 } }
    package var tasks: [TrainingTask] { configuration.tasks }

    /// Reads the models and tasks, and plans the measurements.
    ///
    /// - Parameter folder: the folder that keeps the measurements.
    package init(_ configuration: ReportConfiguration, folder: String) throws {
        self.configuration = configuration
        model = try ReportModel(path: configuration.model, experts: configuration.experts)
        for seen in configuration.seen { _ = try model.experts.entry(named: seen.expert) }
        second = try configuration.transfer.map { try ReportModel(path: $0.model, experts: $0.experts) }
        measurements = try Measurements(folder: folder, configuration: configuration)
        // Missing or malformed data is found before the first measurement, which may take hours.
        var notices: [String] = []
        for task in configuration.tasks {
            for split in [Split.test, .train, .valid] where task.splits.contains(split) {
                guard split == .test || configuration.unseen.contains(where: { $0.task == task }) else { continue }
                let reading =
                    try split == .train
                    ? measurements.examples(task, on: model) : measurements.reading(task, split, on: model)
                notices += reading.notices.map { "\(task.name), \(split.rawValue): \($0)" }
            }
        }
        if let second {
            for task in configuration.unseen.map(\.task) {
                let reading = try measurements.reading(task, .test, on: second)
                notices += reading.notices.map { "\(task.name), test, second model: \($0)" }
                if task.splits.contains(.train) { _ = try measurements.examples(task, on: second) }
            }
        }
        self.notices = notices
        for seen in configuration.seen { try planSeen(seen) }
        for unseen in configuration.unseen { planUnseen(unseen) }
        for task in tasks { planDispatch(task) }
        guard let second else { return }
        for unseen in configuration.unseen { try planTransfer(unseen, second) }
    }

    /// Makes the measurements of one model that the folder does not hold yet.
    ///
    /// - Parameters:
    ///   - index: the index of the model in `models`.
    ///   - progress: receives the number of finished measurements, the number of all, and the label of the current one.
    package func measure(model index: Int, _ service: any JobService, progress: (Int, Int, String) -> Void) async throws
    {
        let steps = steps.withLock { $0 }
        for (number, step) in steps.enumerated() where step.isOnSecond == (index == 1) {
            progress(number, steps.count, step.label)
            try await step.run(service)
        }
    }

    private func plan(
        _ label: String, onSecond: Bool = false, _ run: @escaping @Sendable (any JobService) async throws -> Void
    ) {
        steps.withLock { $0.append(Step(label: label, isOnSecond: onSecond, run: run)) }
    }

    /// Plans a system's answers to the test problems of a task.
    private func plan(
        _ task: TrainingTask, _ system: String, label: String? = nil,
        _ strategy: @escaping @Sendable (any JobService) async throws -> any PolicyAssigner
    ) {
        plan("\(task.name), \(label ?? system)") { [self] service in
            try await measure(task, system, strategy(service), service)
        }
    }

    private func measure(
        _ task: TrainingTask, _ system: String, _ strategy: any PolicyAssigner, _ service: any JobService
    ) async throws {
        let found = try await measurements.records(task, .test, system: system, on: model, strategy, service)
        findings.withLock { $0.records[Key(task: task.name, system: system)] = found }
    }

    private func planSeen(_ seen: ReportConfiguration.Seen) throws {
        plan(seen.task, SystemName.base) { _ in FixedPolicy(.base) }
        let expert = try model.experts.entry(named: seen.expert).expert.policy
        plan(seen.task, SystemName.svf) { _ in FixedPolicy(expert) }
        guard let path = seen.lora else { return }
        let lora = try ExpertFile(path: path, for: model.folder).policy
        plan(seen.task, SystemName.lora) { _ in FixedPolicy(lora) }
    }

    private func planUnseen(_ unseen: ReportConfiguration.Unseen) {
        let task = unseen.task
        plan(task, SystemName.base) { _ in FixedPolicy(.base) }
        if let path = configuration.seen.first(where: { $0.task.name == unseen.domain })?.lora {
            plan(task, SystemName.domainLoRA) { [model] _ in
                FixedPolicy(try ExpertFile(path: path, for: model.folder).policy)
            }
        }
        plan(task, SystemName.domainSVF) { [self] _ in
            FixedPolicy(try model.experts.entry(named: domainExpert(of: unseen)).expert.policy)
        }
        for classifier in classifiers {
            plan(task, classifier.rawValue) { [model] _ in try PromptClassification(model.experts, by: classifier) }
        }
        plan(task, SystemName.random) { [model] _ in RandomExpert(model.entries) }
        // A data set that was published as a test set only has no examples to search with.
        for method in FewShotSearch.Method.allCases where task.splits.contains(.train) {
            let system = "\(SystemName.fewShot) \(method.rawValue)"
            plan(task, system, label: "few-shot by \(method.rawValue)") { [self] service in
                let search = try await measurements.search(
                    task, method: method, model.entries, owner: "own", on: model, service)
                findings.withLock { $0.searches[Key(task: task.name, system: method.rawValue)] = search }
                return FixedPolicy(try search.mixture(of: model.entries))
            }
        }
        guard task.splits.contains(.valid) else { return }
        plan("\(task.name), \(SystemName.bestExpert)") { [self] in try await measureBestExpert(task, $0) }
    }

    /// The name of the expert of the seen task of the same domain.
    func domainExpert(of unseen: ReportConfiguration.Unseen) -> String {
        guard let seen = configuration.seen.first(where: { $0.task.name == unseen.domain }) else {
            preconditionFailure("a configuration's domains are seen tasks")
        }
        return seen.expert
    }

    /// The base model, and the classification expert if the library has one.
    var classifiers: [PromptClassifier] {
        model.experts.entries.contains(where: \.isClassifier) ? [.base, .expert] : [.base]
    }

    /// Chooses the best expert on the validation split, and measures it on the test split.
    private func measureBestExpert(_ task: TrainingTask, _ service: any JobService) async throws {
        var best: (entry: ExpertLibrary.Entry, right: Int)?
        for entry in model.entries {
            let right = try await measurements.records(
                task, .valid, system: entry.name, on: model, FixedPolicy(entry.expert.policy), service
            ).count { $0.reward == .judged(.right) }
            if right > best?.right ?? -1 { best = (entry, right) }
        }
        guard let best else { return }
        findings.withLock { $0.bestExperts[task.name] = best.entry.name }
        try await measure(task, SystemName.bestExpert, FixedPolicy(best.entry.expert.policy), service)
    }

    /// Plans pass 1 on the test prompts of a task.
    private func planDispatch(_ task: TrainingTask) {
        for classifier in classifiers {
            plan("\(task.name), pass 1 by \(classifier.rawValue)") { [self] service in
                let found = try await measurements.dispatches(task, classifier: classifier, on: model, service)
                findings.withLock { $0.dispatches[Key(task: task.name, system: classifier.rawValue)] = found }
            }
        }
    }

    private func planTransfer(_ unseen: ReportConfiguration.Unseen, _ second: ReportModel) throws {
        let task = unseen.task
        let name = domainExpert(of: unseen)
        let own = try second.experts.entry(named: name).expert.vector
        let other = try model.experts.entry(named: name).expert.vector
        guard own.layout == other.layout else {
            throw InputError(
                configuration.experts, "the shape of expert '\(name)' differs from that of the second model's expert",
                remedy: "Transfer between models of the same shapes, with experts of the same target-modules.")
        }
        func plan(_ system: String, _ policy: @escaping @Sendable (any JobService) async throws -> Policy) {
            self.plan("\(task.name) on the second model, \(system)", onSecond: true) { [self] service in
                let found = try await measurements.records(
                    task, .test, system: system, on: second, FixedPolicy(try await policy(service)), service)
                findings.withLock { $0.transferRecords[Key(task: task.name, system: system)] = found }
            }
        }
        plan(SystemName.base) { _ in .base }
        plan(TransferName.own) { _ in .svf(own) }
        plan(TransferName.inOrder) { _ in .svf(other) }
        for (number, name) in TransferName.shuffled.enumerated() {
            plan(name) { [seed = configuration.seed] _ in .svf(other.shuffled(seed: seed, number: number)) }
        }
        guard task.splits.contains(.train) else { return }
        plan(TransferName.fewShot) { [self] service in
            let search = try await measurements.search(
                task, method: .cem, model.entries, owner: "transferred", on: second, service)
            return try search.mixture(of: model.entries)
        }
    }
}

/// The rows of the transfer table.
enum TransferName {
    static let own = "its own expert"
    static let inOrder = "the other model's expert, σ in order"
    /// The control: permutations of each matrix's values.
    static let shuffled = (1...3).map { "the other model's expert, shuffled (\($0))" }
    static let fewShot = "few-shot over the other model's experts"
}

extension ExpertVector {
    /// A copy in which the values of every matrix are permuted: the control for transfer between models.
    func shuffled(seed: UInt64, number: Int) -> ExpertVector {
        var random = SeededRandom(seed: seed, .shuffledControl(number: number))
        return ExpertVector(
            layout: layout,
            values: layout.entries.indices.flatMap { self[entry: $0].shuffled(using: &random) })
    }
}
