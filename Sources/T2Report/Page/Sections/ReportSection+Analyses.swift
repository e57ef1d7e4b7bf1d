import T2Core

extension ReportSection {
    static func dispatch(_ analysis: DispatchAnalysis) -> ReportSection {
        var blocks: [Block] = []
        if !analysis.matrices.isEmpty {
            blocks = [
                .table(analysis.accuracies),
                .figure(
                    caption: "Prompts of each true category by the category decided, with their share of the row.",
                    charts: analysis.matrices.map { HeatMap($0) }),
            ]
        }
        blocks += analysis.matrices.map { .table($0.table) }
        return ReportSection(
            id: "dispatch", title: "Analysis 1: dispatch",
            paragraphs: ["Which category the first pass takes a prompt for, and so which expert answers it."]
                + analysis.notes, blocks: blocks)
    }

    static func contribution(_ analysis: ContributionAnalysis) -> ReportSection {
        var blocks: [Block] = [.table(analysis.table)]
        if !analysis.tasks.isEmpty && !analysis.experts.isEmpty {
            blocks.append(.figure(caption: "Coefficient α of each expert, by task.", charts: [analysis.chart]))
        }
        return ReportSection(
            id: "contribution", title: "Analysis 2: contribution of experts",
            paragraphs: [
                "The coefficients α of z′ = Σ α z that few-shot adaptation found: how much of each expert an unseen task takes."
            ] + analysis.notes, blocks: blocks)
    }
}

extension DispatchAnalysis {
    fileprivate var accuracies: ReportTable {
        let categories = ReportSection.distinct(matrices.flatMap(\.categories))
        func cell(_ accuracy: AccuracyInterval) -> ReportTable.Cell {
            .init(accuracy, notes: ["n = \(NumberText.count(accuracy.count))"])
        }
        return ReportTable(
            caption: "Prompts taken for their true category, 95 % interval",
            names: ["strategy"], numbers: ["all"] + categories,
            rows: matrices.map { matrix in
                [.init(matrix.name), cell(matrix.accuracy)]
                    + categories.map {
                        matrix.categories.firstIndex(of: $0).map { cell(matrix.recall($0)) } ?? .missing
                    }
            })
    }
}

extension ConfusionMatrix {
    fileprivate var table: ReportTable {
        ReportTable(
            caption: "\(name): prompts by true category (rows) and category decided (columns)",
            names: ["true category"], numbers: decisions,
            rows: zip(categories, counts).map { category, row in
                [.init(category)] + row.map { .init(NumberText.count($0)) }
            }, isFolded: true)
    }
}

extension ContributionAnalysis {
    fileprivate var table: ReportTable {
        ReportTable(
            caption: "Coefficient α of each expert",
            names: ["task"], numbers: experts,
            rows: tasks.map { task in
                [.init(task.name)] + task.coefficients.map { .init(NumberText.fixed($0, 3)) }
            })
    }

    fileprivate var chart: BarChart {
        let slots = SeriesColors(["base"] + experts).slots(experts)
        return BarChart(
            title: "Coefficients α by task", isPercent: false,
            groups: tasks.map { task in
                let bars = experts.indices.map { index in
                    let value = task.coefficients[index]
                    return BarChart.Bar(
                        name: experts[index], slot: slots[index], value: value, interval: nil,
                        text: NumberText.fixed(value, 3))
                }
                return (task.name, bars)
            })
    }
}
