import T2Core

/// The tasks that can be named in a configuration or on a command line.
package struct TaskRegistry: Sendable {
    package let tasks: [TrainingTask]

    /// - Precondition: names are distinct.
    package init(tasks: [TrainingTask]) {
        precondition(Set(tasks.map(\.name)).count == tasks.count, "two tasks have one name")
        self.tasks = tasks
    }

    /// The tasks whose data comes with t2: an expert is trained on each of the first three and on `classify`, which asks for
    /// a prompt's category; the others stay unseen.
    package static let bundled = TaskRegistry(tasks: [
        TrainingTask(name: "gsm-mini", version: 1, answerForm: .number),
        TrainingTask(name: "mbpp-mini", version: 1, answerForm: .program),
        TrainingTask(name: "arc-mini", version: 1, answerForm: .choice),
        TrainingTask(name: "math-mini", version: 1, answerForm: .boxed),
        TrainingTask(name: "humaneval-mini", version: 1, answerForm: .program),
        TrainingTask(name: "arcc-mini", version: 1, answerForm: .choice),
        TrainingTask(name: "classify", version: 1, answerForm: .boxed),
    ])

    package var names: [String] { tasks.map(\.name) }

    /// - Throws: `InputError` (usage) that suggests the nearest name.
    package func task(named name: String) throws -> TrainingTask {
        if let task = tasks.first(where: { $0.name == name }) { return task }
        let suggestion = nearestName(to: name, among: names).map { "Did you mean \($0)? " } ?? ""
        throw InputError(
            "task '\(name)'", "there is no such task", remedy: "\(suggestion)Tasks: \(names.joined(separator: ", ")).",
            exitStatus: .usage)
    }
}
