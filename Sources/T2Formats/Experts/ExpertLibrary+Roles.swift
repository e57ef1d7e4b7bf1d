import T2Core

extension ExpertLibrary.Entry {
    /// The tasks whose experts classify prompts instead of answering them: the bundled one and the published one.
    package static let classificationTasks = ["classify", "classify-published"]

    package var isClassifier: Bool { expert.description.task.map(Self.classificationTasks.contains) ?? false }
}

extension ExpertLibrary {
    /// The expert that classifies prompts.
    ///
    /// - Throws: `InputError` if there is none.
    package func classifier() throws -> Entry {
        if let entry = entries.first(where: \.isClassifier) { return entry }
        throw InputError(
            path, "has no expert of the task '\(Entry.classificationTasks.joined(separator: "' or '"))'",
            remedy: "Train one, or use --strategy prompt: the base model then classifies.")
    }
}
