/// A section of the report: paragraphs, then tables and figures in order.
struct ReportSection {
    enum Block {
        case table(ReportTable)
        case figure(caption: String, charts: [any Chart])
    }

    /// The identifier of the heading, for links.
    let id: String
    let title: String
    let paragraphs: [String]
    let blocks: [Block]

    /// The sections that the document contains, in order.
    static func all(of document: ReportDocument) -> [ReportSection] {
        let colors = SeriesColors(document.systemNames)
        let sections: [ReportSection?] = [
            document.seenTasks.map {
                accuracy(
                    "seen-tasks", "Seen tasks",
                    "Accuracy on held-out test problems of the tasks that were trained on: one expert a task, each "
                        + "system with its own.",
                    $0, colors)
            },
            document.unseenTasks.map {
                accuracy(
                    "unseen-tasks", "Unseen tasks",
                    "Accuracy on tasks that nothing was trained on: the base model, the adapters trained on the seen "
                        + "tasks, and the ways to choose or mix experts at inference.",
                    $0, colors)
            },
            document.dispatch.map { dispatch($0) },
            document.contribution.map { contribution($0) },
            document.transfer.map {
                accuracy(
                    "transfer", "Analysis 3: transfer to another base model",
                    "Experts that were trained on one base model, used on another of the same shape: with the singular "
                        + "values in their order, shuffled as the control, and mixed by few-shot adaptation.",
                    $0, colors)
            },
            document.learning.map { learning($0, colors) },
            document.fewShotMethods.map { fewShotMethods($0, colors) },
        ]
        return sections.compactMap { $0 }
    }
}

extension ReportDocument {
    /// The names of all systems, in the order in which the report first shows them.
    fileprivate var systemNames: [String] {
        [seenTasks, unseenTasks, transfer].flatMap { $0?.names ?? [] } + (learning?.curves.map(\.system) ?? [])
            + (fewShotMethods?.results.names ?? [])
    }
}
