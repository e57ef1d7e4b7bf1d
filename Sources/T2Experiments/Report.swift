import T2Adaptation
import T2Core
import T2Evaluation
import T2Learning
import T2Model
import T2Report
import T2Tasks

/// The paper's tables and analyses, measured on the models of a configuration.
package final class Report {
    struct Key: Hashable {
        let task: String
        let system: String
    }

    private struct Step {
        let label: String
        let run: () throws -> Void
    }

    let configuration: ReportConfiguration
    let measurements: Measurements
    let model: ReportModel
    let second: ReportModel?
    /// Test records of the first model, and of the second.
    var records: [Key: [EvaluationRecord]] = [:]
    var transferRecords: [Key: [EvaluationRecord]] = [:]
    var searches: [Key: Measurements.Search] = [:]
    /// Name of the expert that did best on the validation split.
    var bestExperts: [String: String] = [:]
    /// What pass 1 decided on test prompts.
    var dispatches: [Key: [Dispatch]] = [:]
    /// What was left out of the data.
    var notices: [String] = []
    private var steps: [Step] = []

    /// Loads the models and plans what is to be measured.
    ///
    /// - Parameters:
    ///   - folder: where measurements stay.
    ///   - verifier: of the tasks.
    package init(
        _ configuration: ReportConfiguration, folder: String, lanes: Int, verifier: ([TrainingTask]) throws -> Verifier,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws {
        self.configuration = configuration
        let tasks = configuration.seen.map(\.task) + configuration.unseen.map(\.task)
        let verifier = try verifier(tasks)
        model = try ReportModel(path: configuration.model, experts: configuration.experts, lanes: lanes)
        for seen in configuration.seen { _ = try model.experts.entry(named: seen.expert) }
        second = try configuration.transfer.map {
            try ReportModel(path: $0.model, experts: $0.experts, lanes: lanes)
        }
        measurements = try Measurements(
            folder: folder, verifier: verifier, configuration: configuration, isCancelled: isCancelled)
        // What is missing or malformed is found before the first measurement, which may take hours.
        for task in tasks {
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
        for seen in configuration.seen { try planSeen(seen) }
        for unseen in configuration.unseen { planUnseen(unseen) }
        for task in tasks { planDispatch(task) }
        if let second { for unseen in configuration.unseen { try planTransfer(unseen, second) } }
    }

    /// Measures what is not there yet.
    ///
    /// - Parameter progress: the number of measurements done and in all, and what is measured now.
    package func measure(progress: (Int, Int, String) -> Void) throws {
        for (index, step) in steps.enumerated() {
            progress(index, steps.count, step.label)
            if measurements.isCancelled() { throw Stopped() }
            try step.run()
        }
        progress(steps.count, steps.count, "done")
    }

    private func plan(_ label: String, _ run: @escaping () throws -> Void) {
        steps.append(Step(label: label, run: run))
    }

    private func planSeen(_ seen: ReportConfiguration.Seen) throws {
        planBase(seen.task)
        plan("\(seen.task.name), \(SystemName.svf)") { [self] in
            let expert = try model.experts.entry(named: seen.expert).expert.vector
            try measure(seen.task, SystemName.svf, expert)
        }
        guard let path = seen.lora else { return }
        let lora = try ExpertFile(path: path, for: model.folder).vector
        plan("\(seen.task.name), \(SystemName.lora)") { [self] in try measure(seen.task, SystemName.lora, lora) }
    }

    private func planBase(_ task: TrainingTask) {
        plan("\(task.name), \(SystemName.base)") { [self] in
            records[Key(task: task.name, system: SystemName.base)] = try measurements.records(
                task, .test, system: SystemName.base, on: model, basis: ""
            ) { .fixed(AdaptedModel(model.base)) }
        }
    }

    private func measure(_ task: TrainingTask, _ system: String, _ vector: ExpertVector) throws {
        records[Key(task: task.name, system: system)] = try measurements.records(
            task, .test, system: system, on: model, basis: vector.fingerprint
        ) { .fixed(try AdaptedModel(model.base, expert: vector)) }
    }

    private func planUnseen(_ unseen: ReportConfiguration.Unseen) {
        let task = unseen.task
        planBase(task)
        if let path = configuration.seen.first(where: { $0.task.name == unseen.domain })?.lora {
            plan("\(task.name), \(SystemName.domainLoRA)") { [self] in
                try measure(task, SystemName.domainLoRA, try ExpertFile(path: path, for: model.folder).vector)
            }
        }
        plan("\(task.name), \(SystemName.domainSVF)") { [self] in
            try measure(
                task, SystemName.domainSVF, try model.experts.entry(named: domainExpert(of: unseen)).expert.vector)
        }
        for classifier in classifiers {
            plan("\(task.name), \(classifier.rawValue)") { [self] in
                records[Key(task: task.name, system: classifier.rawValue)] = try measurements.records(
                    task, .test, system: classifier.rawValue, on: model, basis: try model.expertsFingerprint()
                ) {
                    .dispatched(
                        try PromptDispatcher(
                            model.base, model.experts, classifier: classifier, tokenizer: model.tokenizer))
                }
            }
        }
        // A data set that was published as a test alone has no examples to search or choose with.
        for method in FewShotSearch.Method.allCases where task.splits.contains(.train) {
            plan("\(task.name), few-shot by \(method.rawValue)") { [self] in
                let search = try measurements.search(task, method: method, model.entries, owner: "own", on: model)
                searches[Key(task: task.name, system: method.rawValue)] = search
                let mixture = try MixtureParameterisation(mixing: model.entries)
                try measure(task, "\(SystemName.fewShot) \(method.rawValue)", mixture.vector(search.alpha))
            }
        }
        guard task.splits.contains(.valid) else { return }
        plan("\(task.name), \(SystemName.bestExpert)") { [self] in try measureBestExpert(task) }
    }

    /// Name of the expert of the seen task of the same domain.
    func domainExpert(of unseen: ReportConfiguration.Unseen) -> String {
        guard let seen = configuration.seen.first(where: { $0.task.name == unseen.domain }) else {
            preconditionFailure("a configuration's domains are seen tasks")
        }
        return seen.expert
    }

    /// The prompt strategy, and the classification expert's where the library has one.
    var classifiers: [PromptClassifier] {
        model.experts.entries.contains(where: \.isClassifier) ? [.base, .expert] : [.base]
    }

    /// Chosen on the validation split, measured on the test split.
    private func measureBestExpert(_ task: TrainingTask) throws {
        var best: (entry: ExpertLibrary.Entry, right: Int)?
        for entry in model.entries {
            let vector = entry.expert.vector
            let right = try measurements.records(
                task, .valid, system: entry.name, on: model, basis: vector.fingerprint,
                policy: { .fixed(try AdaptedModel(model.base, expert: vector)) }
            ).count { $0.reward == .judged(.right) }
            if right > best?.right ?? -1 { best = (entry, right) }
        }
        guard let best else { return }
        bestExperts[task.name] = best.entry.name
        try measure(task, SystemName.bestExpert, best.entry.expert.vector)
    }

    /// Pass 1 on the prompts of all tasks.
    private func planDispatch(_ task: TrainingTask) {
        for classifier in classifiers {
            plan("\(task.name), pass 1 by \(classifier.rawValue)") { [self] in
                dispatches[Key(task: task.name, system: classifier.rawValue)] = try measurements.dispatches(
                    task, classifier: classifier, on: model)
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
                configuration.experts, "the expert '\(name)' does not have the shape of the second model's",
                remedy: "Transfer between models of the same shapes, with experts trained with the same adapt setting.")
        }
        func measure(_ system: String, _ vector: ExpertVector?) throws {
            transferRecords[Key(task: task.name, system: system)] = try measurements.records(
                task, .test, system: system, on: second, basis: vector?.fingerprint ?? "",
                policy: {
                    .fixed(try vector.map { try AdaptedModel(second.base, expert: $0) } ?? AdaptedModel(second.base))
                })
        }
        plan("\(task.name) on the second model, \(SystemName.base)") { try measure(SystemName.base, nil) }
        plan("\(task.name) on the second model, \(TransferName.own)") {
            try measure(TransferName.own, own)
        }
        plan("\(task.name) on the second model, \(TransferName.inOrder)") { try measure(TransferName.inOrder, other) }
        for (number, name) in TransferName.shuffled.enumerated() {
            plan("\(task.name) on the second model, \(name)") { [self] in
                try measure(name, other.shuffled(seed: configuration.seed, number: number))
            }
        }
        guard task.splits.contains(.train) else { return }
        plan("\(task.name) on the second model, \(TransferName.fewShot)") { [self] in
            let search = try measurements.search(task, method: .cem, model.entries, owner: "transferred", on: second)
            try measure(
                TransferName.fewShot, try MixtureParameterisation(mixing: model.entries).vector(search.alpha))
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
    /// Every matrix's values in another order: the control of a transfer between models.
    func shuffled(seed: UInt64, number: Int) -> ExpertVector {
        var random = SeededRandom(seed: seed, step: -3, sample: number)
        return ExpertVector(
            layout: layout,
            values: layout.entries.indices.flatMap { self[entry: $0].shuffled(using: &random) })
    }
}
