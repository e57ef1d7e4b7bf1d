extension ExpertLibrary.Entry {
    /// The task whose expert decides on prompts instead of answering them.
    package static let classificationTask = "classify"

    package var isClassifier: Bool { expert.description.task == Self.classificationTask }
}
