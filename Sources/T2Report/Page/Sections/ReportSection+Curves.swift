import T2Core

extension ReportSection {
    static func learning(_ learning: LearningCurves, _ colors: SeriesColors) -> ReportSection {
        let tasks = distinct(learning.curves.map(\.task))
        let systems = distinct(learning.curves.map(\.system))
        let slots = Dictionary(uniqueKeysWithValues: zip(systems, colors.slots(systems)))
        func chart(
            _ task: String, _ label: String, isPercent: Bool, _ points: (LearningCurves.Curve) -> [LineChart.Point]
        ) -> LineChart {
            LineChart(
                title: "\(task): \(label)", xLabel: "training step", yLabel: label, isPercent: isPercent,
                series: learning.curves.filter { $0.task == task }.map {
                    .init(name: $0.system, slot: slots[$0.system] ?? 0, points: points($0))
                })
        }
        var blocks: [Block] = [.table(learning.table)]
        if learning.curves.contains(where: { !$0.evaluations.isEmpty }) {
            blocks.append(
                .figure(
                    caption: "Greedy accuracy on the validation split by training step, with 95 % intervals.",
                    charts: tasks.map { task in
                        chart(task, "validation accuracy", isPercent: true) { curve in
                            curve.evaluations.filter { $0.accuracy.count > 0 }.map {
                                ($0.step, $0.accuracy.accuracy, $0.accuracy.lower...$0.accuracy.upper)
                            }
                        }
                    }))
        }
        if learning.curves.contains(where: { !$0.rewards.isEmpty }) {
            blocks.append(
                .figure(
                    caption:
                        "Mean reward of the samples of each training step: +1 for a right answer, −1 for any other.",
                    charts: tasks.map { task in
                        chart(task, "mean reward", isPercent: false) { curve in
                            curve.rewards.map { ($0.step, $0.reward, nil) }
                        }
                    }))
        }
        return ReportSection(
            id: "learning", title: "Learning curves",
            paragraphs: ["Validation accuracy and reward while the experts were trained."] + learning.notes,
            blocks: blocks)
    }

    static func fewShotMethods(_ comparison: FewShotComparison, _ colors: SeriesColors) -> ReportSection {
        let section = accuracy(
            "few-shot-methods", "Few-shot methods at equal rollouts",
            "Test accuracy of the coefficients that each search found, given the same number of sampled completions.",
            comparison.results, colors)
        guard !comparison.searches.isEmpty else { return section }
        let methods = distinct(comparison.results.names + comparison.searches.map(\.method))
        let slots = Dictionary(uniqueKeysWithValues: zip(methods, colors.slots(methods)))
        let charts = distinct(comparison.searches.map(\.task)).map { task in
            LineChart(
                title: "\(task): best score so far", xLabel: "rollouts", yLabel: "share of the shots answered right",
                isPercent: true,
                series: comparison.searches.filter { $0.task == task }.map { search in
                    .init(
                        name: search.method, slot: slots[search.method] ?? 0,
                        points: search.points.map { ($0.rollouts, $0.score, nil) })
                }
            )
        }
        return ReportSection(
            id: section.id, title: section.title, paragraphs: section.paragraphs,
            blocks: section.blocks + [
                .figure(caption: "Score of the best coefficients so far on the shots, by rollouts.", charts: charts)
            ])
    }

    static func distinct(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}

extension LearningCurves {
    fileprivate var table: ReportTable {
        func cell(_ evaluation: Evaluation?) -> ReportTable.Cell {
            guard let evaluation else { return .missing }
            return .init(evaluation.accuracy, notes: ["step \(NumberText.count(evaluation.step))"])
        }
        let rows = curves.map { curve -> [ReportTable.Cell] in
            let best = curve.evaluations.max {
                // Among equal accuracies, the earliest step is the best.
                ($0.accuracy.accuracy, -$0.step) < ($1.accuracy.accuracy, -$1.step)
            }
            return [
                .init(curve.task), .init(curve.system), cell(curve.evaluations.first), cell(best),
                cell(curve.evaluations.last),
            ]
        }
        return ReportTable(
            caption: "Validation accuracy, 95 % interval", names: ["task", "system"],
            numbers: ["first", "best", "last"], rows: rows)
    }
}
