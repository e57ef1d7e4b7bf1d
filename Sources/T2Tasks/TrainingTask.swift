import T2Core

/// A task: where its problems are and how a completion of one is checked.
package struct TrainingTask: Sendable, Equatable {
    /// What a data record must hold besides its prompt, and which `Verification` it becomes.
    package enum AnswerForm: String, Sendable, CaseIterable {
        case number
        case boxed
        case choice
        case program
    }

    package let name: String
    /// Raised whenever the data's meaning or the verifier changes, so that accuracies stay comparable.
    package let version: Int
    package let answerForm: AnswerForm

    package init(name: String, version: Int, answerForm: AnswerForm) {
        self.name = name
        self.version = version
        self.answerForm = answerForm
    }

    /// True if completions are programs, which only a working `ProgramSandbox` can check.
    package var needsSandbox: Bool { answerForm == .program }

    /// The file of one split, in a folder that holds one folder per task.
    package func path(of split: Split, in dataFolder: String) -> String {
        "\(dataFolder)/\(name)/\(split.rawValue).jsonl"
    }

    /// All problems of a split in the file's order; never empty.
    ///
    /// - Throws: `SystemError` if the file cannot be read; `InputError` (data) for an empty file or a malformed,
    ///   truncated or repeated record, naming the line.
    package func problems(split: Split, in dataFolder: String) throws -> [Problem] {
        try ProblemFile(path: path(of: split, in: dataFolder), task: self).problems()
    }
}
