import T2Core

extension ExpertLibrary.Entry {
    /// The tasks whose experts decide on prompts instead of answering them: on bundled prompts, and on published ones.
    package static let classificationTasks = ["classify", "classify-published"]

    package var isClassifier: Bool { expert.description.task.map(Self.classificationTasks.contains) ?? false }
}

extension ExpertLibrary {
    /// The expert that decides on prompts.
    ///
    /// - Throws: `InputError` if there is none.
    package func classifier() throws -> Entry {
        if let entry = entries.first(where: \.isClassifier) { return entry }
        throw InputError(
            path, "has no expert of the task '\(Entry.classificationTasks.joined(separator: "' or '"))'",
            remedy: "Train one, or use --strategy prompt: the base model then classifies.")
    }
}
