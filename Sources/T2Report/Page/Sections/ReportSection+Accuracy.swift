import T2Core

extension ReportSection {
    static func seenTasks(_ table: AccuracyTable, _ colors: SeriesColors) -> ReportSection {
        accuracy(
            "seen-tasks", "Seen tasks",
            "Accuracy on held-out test problems of the tasks that were trained on: one expert a task, each system with its own.",
            table, colors)
    }

    static func unseenTasks(_ table: AccuracyTable, _ colors: SeriesColors) -> ReportSection {
        accuracy(
            "unseen-tasks", "Unseen tasks",
            "Accuracy on tasks that nothing was trained on: the base model, the adapters trained on the seen tasks, and the "
                + "ways to choose or mix experts at inference.",
            table, colors)
    }

    static func transfer(_ table: AccuracyTable, _ colors: SeriesColors) -> ReportSection {
        accuracy(
            "transfer", "Analysis 3: transfer to another base model",
            "Experts that were trained on one base model, used on another of the same shape: with the singular values in "
                + "their order, shuffled as the control, and mixed by few-shot adaptation.",
            table, colors)
    }

    static func accuracy(
        _ id: String, _ title: String, _ introduction: String, _ table: AccuracyTable, _ colors: SeriesColors
    ) -> ReportSection {
        var blocks: [Block] = [.table(table.results(caption: "\(title): accuracy"))]
        if !table.tasks.isEmpty && !table.systems.isEmpty {
            blocks.append(
                .figure(
                    caption: "Accuracy with 95 % intervals.",
                    charts: [table.chart(title: "\(title): accuracy by task", colors)]))
        }
        if !table.comparisons.isEmpty { blocks.append(.table(table.pairedComparisons)) }
        return ReportSection(id: id, title: title, paragraphs: [introduction] + table.notes, blocks: blocks)
    }
}

extension AccuracyTable {
    /// The table with one row per system. Its columns are the costs that at least one system has, then the tasks.
    fileprivate func results(caption: String) -> ReportTable {
        let counts = Set(systems.flatMap { $0.cells.values.map(\.accuracy.count) })
        let shared = counts.count == 1 ? counts.first : nil
        let costs: [(title: String, text: (System) -> String?)] = [
            ("parameters trained", { $0.parameters.map(NumberText.count) }),
            ("bytes a unit", { $0.bytesPerUnit.map(NumberText.bytes) }),
            ("rollouts", { $0.rollouts.map(NumberText.count) }),
        ].filter { cost in systems.contains { cost.text($0) != nil } }
        let best = Dictionary(
            uniqueKeysWithValues: tasks.map { task in
                (task, systems.compactMap { $0.cells[task]?.accuracy }.filter { $0.count > 0 }.map(\.accuracy).max())
            })
        let rows = systems.map { system in
            [ReportTable.Cell(system.name)] + costs.map { ReportTable.Cell($0.text(system) ?? NumberText.none) }
                + tasks.map { task in
                    guard let cell = system.cells[task] else { return ReportTable.Cell(NumberText.none) }
                    let count = shared == nil ? "n = \(NumberText.count(cell.accuracy.count))" : nil
                    return ReportTable.Cell(
                        NumberText.accuracy(cell.accuracy), interval: NumberText.interval(cell.accuracy),
                        notes: [cell.note, count].compactMap { $0 },
                        isBest: cell.accuracy.count > 0 && cell.accuracy.accuracy == best[task])
                }
        }
        let problems = shared.map { ", n = \(NumberText.count($0)) problems each" } ?? ""
        return ReportTable(
            caption: "\(caption), 95 % interval\(problems)",
            columns: [.init("system", isNumeric: false)] + costs.map { .init($0.title) } + tasks.map { .init($0) },
            rows: rows)
    }

    fileprivate func chart(title: String, _ colors: SeriesColors) -> BarChart {
        let slots = colors.slots(names)
        let groups = tasks.map { task in
            BarChart.Group(
                name: task,
                bars: zip(systems, slots).map { system, slot in
                    let accuracy = system.cells[task]?.accuracy
                    let isMeasured = (accuracy?.count ?? 0) > 0
                    return BarChart.Bar(
                        name: system.name, slot: slot, value: isMeasured ? accuracy?.accuracy : nil,
                        interval: isMeasured ? accuracy.map { $0.lower...$0.upper } : nil,
                        text: accuracy.map(NumberText.accuracy) ?? NumberText.none)
                })
        }
        return BarChart(title: title, isPercent: true, groups: groups)
    }

    fileprivate var pairedComparisons: ReportTable {
        let excludes = comparisons.contains { $0.result.excluded > 0 }
        let rows = comparisons.map { comparison -> [ReportTable.Cell] in
            let result = comparison.result
            let interval =
                result.count == 0
                ? nil : "(\(NumberText.points(result.lower)) to \(NumberText.points(result.upper)))"
            return [
                .init("\(comparison.system) against \(comparison.against)"), .init(comparison.task),
                .init(result.count == 0 ? NumberText.none : NumberText.points(result.difference), interval: interval),
                .init(NumberText.count(result.onlySecond)), .init(NumberText.count(result.onlyFirst)),
                .init(result.count == 0 ? NumberText.none : NumberText.pValue(result.pValue)),
                .init(NumberText.count(result.count)),
            ] + (excludes ? [.init(NumberText.count(result.excluded))] : [])
        }
        return ReportTable(
            caption: "Paired on the same problems: difference in percentage points, 95 % interval",
            columns: [
                .init("systems", isNumeric: false), .init("task", isNumeric: false), .init("difference"),
                .init("gained"), .init("lost"), .init("McNemar p"), .init("n"),
            ] + (excludes ? [.init("excluded")] : []),
            rows: rows)
    }
}
