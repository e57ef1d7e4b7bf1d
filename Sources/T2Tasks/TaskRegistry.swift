import Foundation
import T2Core

/// The tasks that a configuration or a command line can name.
package struct TaskRegistry: Sendable {
    package let tasks: [TrainingTask]

    /// The tasks that come with t2: first those that include their data, then the published data sets.
    package static let bundled = TaskRegistry(tasks: small + published)

    /// Each of the first three and `classify`, which asks for a prompt's category, has its own expert; the others are
    /// unseen in training.
    private static let small = [
        ("gsm-mini", .number, "sums about things people have, buy and give"),
        ("mbpp-mini", .program, "a Python function for a sentence"),
        ("arc-mini", .choice, "questions with four options"),
        ("math-mini", .boxed, "arithmetic and small equations; unseen in training"),
        ("humaneval-mini", .program, "a Python function for its docstring; unseen in training"),
        ("arcc-mini", .choice, "harder questions with four options; unseen in training"),
        ("classify", .boxed, "which category a prompt belongs to"),
    ].map { (name: String, form: BundledTask.AnswerForm, summary: String) in
        TrainingTask(
            name: name, version: 1, summary: summary, origin: .bundled,
            source: BundledTask(name: name, answerForm: form))
    }

    static let datasets: [any PublishedDataset] = [
        GSM8K(),
        MBPP(edition: .full, task: "mbpp", summary: "Python functions for a sentence and three tests"),
        MBPP(edition: .sanitized, task: "mbpp-sanitized", summary: "those of mbpp that were checked by hand"),
        MBPP(edition: .plus, task: "mbpp-plus", summary: "those of mbpp with more tests"),
        ARC(name: "ARC-Easy"), ARC(name: "ARC-Challenge"), MATH(),
        HumanEval(task: "humaneval", name: "HumanEval", summary: "Python functions to complete"),
        HumanEval(task: "humaneval-plus", name: "HumanEvalPlus", summary: "the same functions with more tests"),
    ]

    private static let published =
        datasets.map { dataset in
            TrainingTask(
                name: dataset.task, version: 1, summary: dataset.summary, origin: .published, source: dataset)
        } + [
            TrainingTask(
                name: PublishedClassification.name, version: 1,
                summary: "which category a question of gsm8k, mbpp or arc-easy belongs to", origin: .published,
                source: PublishedClassification())
        ]

    package var names: [String] { tasks.map(\.name) }

    /// - Parameter name: the name of a task, or the path of a folder with a `task.yaml`.
    /// - Throws: `InputError` (usage) that suggests the nearest name; for a folder, the errors of `OwnTask`.
    package func task(named name: String) throws -> TrainingTask {
        if let task = tasks.first(where: { $0.name == name }) { return task }
        if OwnTask.isFolder(name) || name.contains("/") {
            let task = try OwnTask(folder: name)
            if names.contains(task.name) {
                throw InputError(
                    task.path, "name '\(task.name)' belongs to a task that comes with t2",
                    remedy: "Choose another name.", exitStatus: .configuration)
            }
            return task.trainingTask
        }
        let suggestion = nearestName(to: name, among: names).map { "Did you mean \($0)? " } ?? ""
        throw InputError(
            "task '\(name)'", "there is no such task",
            remedy: "\(suggestion)Tasks: \(names.joined(separator: ", ")), or a folder with a \(OwnTask.fileName).",
            exitStatus: .usage)
    }
}
