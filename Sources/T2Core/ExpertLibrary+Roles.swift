extension ExpertLibrary.Entry {
    /// The task whose expert decides on prompts instead of answering them.
    package static let classificationTask = "classify"

    package var isClassifier: Bool { expert.description.task == Self.classificationTask }
}

extension ExpertLibrary {
    /// The expert that decides on prompts.
    ///
    /// - Throws: `InputError` if there is none.
    package func classifier() throws -> Entry {
        if let entry = entries.first(where: \.isClassifier) { return entry }
        throw InputError(
            path, "has no expert of the task '\(Entry.classificationTask)'",
            remedy: "Train one, or use --adapt prompt: the base model then classifies.")
    }
}
