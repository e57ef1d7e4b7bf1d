import Foundation
import T2Core
import T2Formats
import T2Jobs
import T2Learning
import T2Tasks

/// Makes the tables from the measurements.
extension Report {
    /// - Throws: `InputError` if two systems were not measured on the same problems, or a run's metrics cannot be read.
    package func document() throws -> ReportDocument {
        var document = ReportDocument(title: configuration.title)
        document.models = models.map { model in
            .init(
                name: (model.folder.path as NSString).standardizingPath.modelName,
                digest: model.folder.digest.hexadecimal)
        }
        document.facts = [
            .init(
                name: "answers",
                value: configuration.maxTokens.map { "greedy, at most \($0) tokens" }
                    ?? "greedy, up to each task's limit"),
            .init(name: "problems", value: "test splits" + (configuration.limit.map { ", the first \($0)" } ?? "")),
            .init(name: "intervals", value: "95 %: Wilson's, and Tango's for differences"),
            .init(
                name: SystemName.fewShot,
                value: "\(configuration.shots) shots, \(configuration.search.population) candidates, "
                    + "\(configuration.search.iterations) iterations, seed \(configuration.seed)"),
            .init(name: "bytes a unit", value: "one vector to a worker and one gradient back, float32"),
        ]
        if !notices.isEmpty {
            document.facts.append(.init(name: "left out", value: notices.joined(separator: "; ")))
        }
        document.seenTasks = try seenTable()
        document.unseenTasks = try unseenTable()
        document.dispatch = try dispatchAnalysis()
        document.contribution = contribution()
        document.transfer = try transferTable()
        let curves = try configuration.seen.flatMap { seen in
            try seen.curves.map { try LearningCurves.Curve(task: seen.task.name, system: $0.system, metrics: $0.path) }
        }
        if !curves.isEmpty { document.learning = LearningCurves(curves: curves) }
        document.fewShotMethods = try methods()
        return document
    }

    private var found: Findings { findings.withLock { $0 } }

    private func seenTable() throws -> AccuracyTable {
        let tasks = configuration.seen.map(\.task.name)
        let svf = try configuration.seen.map { try model.experts.entry(named: $0.expert).expert.vector.values.count }
        let lora = try configuration.seen.compactMap(\.lora).map {
            try ExpertFile(path: $0, for: model.folder).vector.values.count
        }
        let systems = [
            system(SystemName.base, tasks, found.records),
            lora.max().map { system(SystemName.lora, tasks, found.records, parameters: $0) },
            system(SystemName.svf, tasks, found.records, parameters: svf.max()),
        ].compactMap { $0 }
        let pairs = [(SystemName.svf, SystemName.base), (SystemName.svf, SystemName.lora)]
        return AccuracyTable(tasks: tasks, systems: systems, comparisons: try comparisons(pairs, tasks, found.records))
    }

    private func unseenTable() throws -> AccuracyTable {
        let tasks = configuration.unseen.map(\.task.name)
        let cem = "\(SystemName.fewShot) \(FewShotSearch.Method.cem.rawValue)"
        let names =
            [SystemName.base, SystemName.domainLoRA, SystemName.domainSVF] + classifiers.map(\.rawValue)
            + [SystemName.random, cem, SystemName.bestExpert]
        let systems = names.map { name in
            var row = system(name, tasks, found.records)
            if name == SystemName.bestExpert { for task in tasks { row.cells[task]?.note = found.bestExperts[task] } }
            if name == cem { row.rollouts = rollouts(tasks, by: FewShotSearch.Method.cem.rawValue) }
            return row
        }.filter { !$0.cells.isEmpty }
        let pairs = names.dropFirst().map { ($0, SystemName.base) } + [(cem, SystemName.bestExpert)]
        let domains = configuration.unseen.map { "\($0.task.name) that of \($0.domain)" }.joined(separator: ", ")
        let notes = [
            "Two rows are given the domain of each task: \(domains). The best single expert was chosen by its answers to the task's whole "
                + "validation split, which has many more labelled problems than few-shot sees."
        ]
        return AccuracyTable(
            tasks: tasks, systems: systems, comparisons: try comparisons(pairs, tasks, found.records), notes: notes)
    }

    private func transferTable() throws -> AccuracyTable? {
        guard second != nil else { return nil }
        let tasks = configuration.unseen.map(\.task.name)
        let names =
            [SystemName.base, TransferName.own, TransferName.inOrder] + TransferName.shuffled + [TransferName.fewShot]
        let pairs =
            names.dropFirst().map { ($0, SystemName.base) } + TransferName.shuffled.map { (TransferName.inOrder, $0) }
        return AccuracyTable(
            tasks: tasks, systems: names.map { system($0, tasks, found.transferRecords) },
            comparisons: try comparisons(pairs, tasks, found.transferRecords),
            notes: [
                "Each task is answered with the expert of its domain. The shuffled controls are permutations of each matrix's values, from seed \(configuration.seed)."
            ])
    }

    private func contribution() -> ContributionAnalysis? {
        let tasks = configuration.unseen.compactMap { unseen in
            found.searches[Key(task: unseen.task.name, system: FewShotSearch.Method.cem.rawValue)].map {
                ContributionAnalysis.Task(name: unseen.task.name, coefficients: $0.alpha)
            }
        }
        return tasks.isEmpty ? nil : ContributionAnalysis(experts: model.entries.map(\.name), tasks: tasks)
    }

    private func methods() throws -> FewShotComparison? {
        let tasks = configuration.unseen.map(\.task.name)
        let names = FewShotSearch.Method.allCases.map(\.rawValue)
        let systems = names.map { name in
            var row = system("\(SystemName.fewShot) \(name)", tasks, found.records)
            row.name = name
            row.rollouts = rollouts(tasks, by: name)
            return row
        }
        guard systems.contains(where: { !$0.cells.isEmpty }) else { return nil }
        let traces = tasks.flatMap { task in
            names.compactMap { name in
                found.searches[Key(task: task, system: name)].map { search in
                    FewShotComparison.Search(
                        task: task, method: name,
                        points: search.iterations.map {
                            .init(rollouts: $0.rollouts, score: Double($0.best.right) / Double(search.shots))
                        })
                }
            }
        }
        let pairs = names.dropFirst().map { ("\(SystemName.fewShot) \($0)", "\(SystemName.fewShot) \(names[0])") }
        let compared = try comparisons(pairs, tasks, found.records).map { comparison in
            var comparison = comparison
            comparison.system.removeFirst(SystemName.fewShot.count + 1)
            comparison.against.removeFirst(SystemName.fewShot.count + 1)
            return comparison
        }
        return FewShotComparison(
            results: AccuracyTable(
                tasks: tasks, systems: systems, comparisons: compared,
                notes: [
                    "One draw of \(configuration.shots) shots per task: these intervals do not include the spread between draws."
                ]),
            searches: traces)
    }

    private func rollouts(_ tasks: [String], by method: String) -> Int? {
        tasks.compactMap { found.searches[Key(task: $0, system: method)]?.rollouts }.max()
    }

    private func system(
        _ name: String, _ tasks: [String], _ records: [Key: [EvaluationRecord]], parameters: Int? = nil
    ) -> AccuracyTable.System {
        var cells: [String: AccuracyTable.Cell] = [:]
        for task in tasks {
            guard let answers = records[Key(task: task, system: name)] else { continue }
            let right = answers.count { $0.reward == .judged(.right) }
            cells[task] = .init(accuracy: AccuracyInterval(correct: right, count: answers.count))
        }
        // One vector to a worker, one gradient back.
        return AccuracyTable.System(
            name: name, parameters: parameters, bytesPerUnit: parameters.map { 2 * $0 * MemoryLayout<Float>.size },
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
                    result: try PairedComparison(("\(task), \(against)", first), ("\(task), \(system)", second)))
            }
        }
    }

    /// The decisions of pass 1 on the test prompts, separately for seen and unseen tasks.
    private func dispatchAnalysis() throws -> DispatchAnalysis {
        let categories = try Classification(model.experts).categories
        let names = categories.map(\.name)
        let groups = [
            ("seen", configuration.seen.map { ($0.task.name, $0.expert) }),
            ("unseen", configuration.unseen.map { ($0.task.name, domainExpert(of: $0)) }),
        ]
        let matrices = classifiers.flatMap { classifier in
            groups.map { group, tasks in
                var counts = names.map { _ in [Int](repeating: 0, count: names.count + 1) }
                for (task, expert) in tasks {
                    guard let row = categories.firstIndex(where: { $0.expert == expert }) else { continue }
                    for dispatch in found.dispatches[Key(task: task, system: classifier.rawValue)] ?? [] {
                        counts[row][names.firstIndex(of: dispatch.category) ?? names.count] += 1
                    }
                }
                return ConfusionMatrix(
                    name: "\(classifier.rawValue), \(group) tasks", categories: names,
                    decisions: names + [Classification.other], counts: counts)
            }
        }
        return DispatchAnalysis(
            matrices: matrices,
            notes: [
                "The classification expert was trained on prompts of the seen tasks and prompts of no task; none of them is a test prompt."
            ])
    }
}

extension String {
    /// `tiny` for `…/tiny/base`, otherwise the name of the folder.
    fileprivate var modelName: String {
        let parts = split(separator: "/")
        guard let last = parts.last else { return self }
        return last == "base" && parts.count > 1 ? String(parts[parts.count - 2]) : String(last)
    }
}
