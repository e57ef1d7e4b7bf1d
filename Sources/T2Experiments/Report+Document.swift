import Foundation
import T2Adaptation
import T2Core
import T2Learning
import T2Report
import T2Tasks

/// The tables of what was measured.
extension Report {
    /// - Throws: `InputError` if two systems were not measured on the same problems, or a run's metrics cannot be read.
    package func document() throws -> ReportDocument {
        var document = ReportDocument(title: configuration.title)
        document.models = [model, second].compactMap { $0 }.map { model in
            ReportDocument.BaseModel(
                name: (model.folder.path as NSString).standardizingPath.modelName,
                digest: model.folder.digest.hexadecimal)
        }
        document.facts = [
            .init(name: "answers", value: "greedy, at most \(configuration.maxTokens) tokens"),
            .init(name: "problems", value: "test splits" + (configuration.limit.map { ", the first \($0)" } ?? "")),
            .init(name: "intervals", value: "95 %, Wilson's; of differences Tango's"),
            .init(
                name: "few-shot",
                value: "\(configuration.fewShot.shots) shots, \(configuration.fewShot.population) candidates, "
                    + "\(configuration.fewShot.iterations) iterations, seed \(configuration.seed)"),
            .init(name: "bytes a step", value: "one vector to a worker and one gradient back, float32"),
        ]
        document.seenTasks = try seenTable()
        document.unseenTasks = try unseenTable()
        if !confusions.isEmpty { document.dispatch = DispatchAnalysis(matrices: confusions) }
        document.contribution = contribution()
        document.transfer = try transferTable()
        let curves = try configuration.seen.flatMap { seen in
            try seen.curves.map { try RunCurve(path: $0.path).curve(task: seen.task.name, system: $0.system) }
        }
        if !curves.isEmpty { document.learning = LearningCurves(curves: curves) }
        document.fewShotMethods = try methods()
        return document
    }

    private func seenTable() throws -> AccuracyTable {
        let tasks = configuration.seen.map(\.task.name)
        let svf = try configuration.seen.map { try model.library.entry(named: $0.expert).expert.vector.values.count }
        let lora = try configuration.seen.compactMap(\.lora).map {
            try ExpertFile(path: $0, for: model.folder).vector.values.count
        }
        var systems = [system(SystemName.base, tasks, records)]
        if let count = lora.max() { systems.append(system(SystemName.lora, tasks, records, parameters: count)) }
        systems.append(system(SystemName.svf, tasks, records, parameters: svf.max()))
        let pairs = [(SystemName.svf, SystemName.base), (SystemName.svf, SystemName.lora)]
        return AccuracyTable(tasks: tasks, systems: systems, comparisons: try comparisons(pairs, tasks, records))
    }

    private func unseenTable() throws -> AccuracyTable {
        let tasks = configuration.unseen.map(\.task.name)
        let cem = "\(SystemName.fewShot) \(FewShotSearch.Method.cem.rawValue)"
        let names = [SystemName.base, SystemName.lora] + classifiers.map(\.rawValue) + [cem, SystemName.bestExpert]
        var systems = names.map { system($0, tasks, records) }.filter { !$0.cells.isEmpty }
        for index in systems.indices {
            if systems[index].name == SystemName.bestExpert {
                for task in tasks { systems[index].cells[task]?.note = bestExperts[task] }
            } else if systems[index].name == cem {
                systems[index].rollouts = tasks.compactMap { searches[Key(task: $0, system: "cem")]?.rollouts }.max()
            }
        }
        let pairs = names.dropFirst().map { ($0, SystemName.base) }
        return AccuracyTable(tasks: tasks, systems: systems, comparisons: try comparisons(pairs, tasks, records))
    }

    private func transferTable() throws -> AccuracyTable? {
        guard second != nil else { return nil }
        let tasks = configuration.unseen.map(\.task.name)
        let names = [
            SystemName.base, TransferName.own, TransferName.inOrder, TransferName.shuffled, TransferName.fewShot,
        ]
        let pairs =
            names.dropFirst().map { ($0, SystemName.base) } + [(TransferName.inOrder, TransferName.shuffled)]
        return AccuracyTable(
            tasks: tasks, systems: names.map { system($0, tasks, transferRecords) },
            comparisons: try comparisons(pairs, tasks, transferRecords))
    }

    private func contribution() -> ContributionAnalysis? {
        let tasks = configuration.unseen.compactMap { unseen in
            searches[Key(task: unseen.task.name, system: "cem")].map {
                ContributionAnalysis.Task(name: unseen.task.name, coefficients: $0.alpha)
            }
        }
        return tasks.isEmpty ? nil : ContributionAnalysis(experts: model.entries.map(\.name), tasks: tasks)
    }

    private func methods() throws -> FewShotComparison? {
        let tasks = configuration.unseen.map(\.task.name)
        let names = FewShotSearch.Method.allCases.map(\.rawValue)
        let systems = names.map { name in
            var found = system("\(SystemName.fewShot) \(name)", tasks, records)
            found.name = name
            found.rollouts = tasks.compactMap { searches[Key(task: $0, system: name)]?.rollouts }.max()
            return found
        }
        guard systems.contains(where: { !$0.cells.isEmpty }) else { return nil }
        let traces = tasks.flatMap { task in
            names.compactMap { name in
                searches[Key(task: task, system: name)].map { search in
                    FewShotComparison.Search(
                        task: task, method: name,
                        points: search.iterations.map {
                            .init(rollouts: $0.rollouts, score: Double($0.best.right) / Double(search.shots))
                        })
                }
            }
        }
        return FewShotComparison(results: AccuracyTable(tasks: tasks, systems: systems), searches: traces)
    }

    private func system(
        _ name: String, _ tasks: [String], _ records: [Key: [EvaluationRecord]], parameters: Int? = nil
    ) -> AccuracyTable.System {
        var cells: [String: AccuracyTable.Cell] = [:]
        for task in tasks {
            guard let found = records[Key(task: task, system: name)] else { continue }
            cells[task] = .init(
                AccuracyInterval(correct: found.count { $0.reward == .judged(.right) }, count: found.count))
        }
        // One vector to a worker, one gradient back.
        return AccuracyTable.System(
            name: name, parameters: parameters, bytesPerStep: parameters.map { 2 * $0 * MemoryLayout<Float>.size },
            cells: cells)
    }

    private func comparisons(
        _ pairs: [(system: String, against: String)], _ tasks: [String], _ records: [Key: [EvaluationRecord]]
    ) throws -> [AccuracyTable.Comparison] {
        try tasks.flatMap { task in
            try pairs.compactMap { system, against in
                guard let first = records[Key(task: task, system: against)],
                    let second = records[Key(task: task, system: system)]
                else { return nil }
                return AccuracyTable.Comparison(
                    task: task, system: system, against: against,
                    result: try PairedComparison(
                        .init(name: "\(task), \(against)", records: first),
                        .init(name: "\(task), \(system)", records: second)))
            }
        }
    }

    /// How the test prompts of a classification task were taken.
    func confusion(_ name: String, _ task: TrainingTask, _ records: [EvaluationRecord]) throws -> ConfusionMatrix {
        let categories = try Classification(model.library).categories.map(\.name) + [Classification.other]
        var counts = categories.map { _ in categories.map { _ in 0 } }
        for (problem, record) in zip(try measurements.problems(task, .test), records) {
            guard case .boxed(let answer) = problem.verification, let row = categories.firstIndex(of: answer) else {
                throw InputError(
                    "problem '\(problem.id)'",
                    "its answer is none of the categories \(categories.joined(separator: ", "))",
                    remedy: "Let the task's answers be those of \(Classification.fileName).")
            }
            let said = BoxedAnswer(inCompletion: record.completion)?.content
            let column = said.flatMap(categories.firstIndex(of:)) ?? categories.count - 1
            counts[row][column] += 1
        }
        return ConfusionMatrix(name: name, categories: categories, decisions: categories, counts: counts)
    }
}

extension Measurements.Search {
    var rollouts: Int? { iterations.last?.rollouts }
}

extension String {
    /// `tiny` of `…/tiny/base`, else the folder's own name.
    fileprivate var modelName: String {
        let parts = split(separator: "/")
        guard let last = parts.last else { return self }
        return last == "base" && parts.count > 1 ? String(parts[parts.count - 2]) : String(last)
    }
}
