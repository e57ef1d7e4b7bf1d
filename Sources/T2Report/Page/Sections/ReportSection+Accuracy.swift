import T2Core

extension ReportSection {
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
                    guard let cell = system.cells[task] else { return .missing }
                    let count = shared == nil ? "n = \(NumberText.count(cell.accuracy.count))" : nil
                    return ReportTable.Cell(
                        cell.accuracy, notes: [cell.note, count].compactMap { $0 },
                        isBest: cell.accuracy.count > 0 && cell.accuracy.accuracy == best[task])
                }
        }
        let problems = shared.map { ", n = \(NumberText.count($0)) problems each" } ?? ""
        return ReportTable(
            caption: "\(caption), 95 % interval\(problems)", names: ["system"], numbers: costs.map(\.title) + tasks,
            rows: rows)
    }

    fileprivate func chart(title: String, _ colors: SeriesColors) -> BarChart {
        let slots = colors.slots(names)
        let groups = tasks.map { task -> (String, [BarChart.Bar]) in
            let bars = zip(systems, slots).map { system, slot in
                let accuracy = system.cells[task]?.accuracy
                let measured = accuracy?.count == 0 ? nil : accuracy
                return BarChart.Bar(
                    name: system.name, slot: slot, value: measured?.accuracy,
                    interval: measured.map { $0.lower...$0.upper },
                    text: measured.map(NumberText.accuracy) ?? NumberText.none)
            }
            return (task, bars)
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
            names: ["systems", "task"],
            numbers: ["difference", "gained", "lost", "McNemar p", "n"] + (excludes ? ["excluded"] : []), rows: rows)
    }
}
