import T2Core
import T2Tasks
import T2Text

/// Reads a task's problems as one model is asked them, and sees to it that each leaves room for its answer.
package struct TaskReader: Sendable {
    /// Problems and what had to be left out.
    package struct Problems: Sendable {
        /// Never empty.
        package let problems: [Problem]
        /// Problems of the split.
        package let total: Int
        package let badRecords: [BadRecord]
        /// Problems that do not fit into the model's context: with their answer, or with what a first pass asks about them.
        package let tooLong: Int
        /// Tokens of the longest prompt among the problems.
        package let longest: Int

        /// What was left out, for people; empty if nothing was.
        package var notices: [String] {
            var notices: [String] = []
            if let first = badRecords.first {
                notices.append("\(badRecords.count) bad records left out, the first: \(first.description)")
            }
            if tooLong > 0 { notices.append("\(tooLong) problems too long for the model's context left out") }
            return notices
        }
    }

    package let task: TrainingTask
    /// Where the data of all tasks is.
    package let folder: String
    package let maxTokens: Int
    private let tokenizer: Tokenizer
    private let model: ModelConfiguration
    private let onBadRecord: BadRecordPolicy
    private let onLongPrompt: LongPromptPolicy
    /// What a first pass asks about every problem; nil if there is none.
    private let classification: Classification?

    /// - Parameter maxTokens: of an answer; nil takes the task's own, or else the usual limit.
    package init(
        _ task: TrainingTask, folder: String, tokenizer: Tokenizer, model: ModelConfiguration, maxTokens: Int?,
        onBadRecord: BadRecordPolicy = .fail, onLongPrompt: LongPromptPolicy = .fail,
        classification: Classification? = nil
    ) {
        self.classification = classification
        self.task = task
        self.folder = folder
        self.maxTokens = Self.maxTokens(maxTokens, task)
        self.tokenizer = tokenizer
        self.model = model
        self.onBadRecord = onBadRecord
        self.onLongPrompt = onLongPrompt
    }

    package static func maxTokens(_ given: Int?, _ task: TrainingTask) -> Int {
        given ?? task.maxTokens ?? RunConfiguration().maxTokens
    }

    /// How prompts are written to this model.
    package var form: PromptForm { tokenizer.chatTemplate == nil ? .plain : .chat }

    /// How answers are drawn.
    package func sampling(temperature: Float = 0) -> Sampling {
        Sampling(temperature: temperature, maxTokens: maxTokens, stopStrings: task.stopStrings(form))
    }

    /// - Parameter limit: of the problems that are wanted: the first ones.
    /// - Throws: what reading the task throws; `PromptError` for the longest prompt that does not fit, or if none does.
    package func problems(_ split: Split, first limit: Int? = nil) throws -> Problems {
        try problems(split, first: limit, scored: false)
    }

    /// The training split for a few-shot search, which scores the right answers too.
    ///
    /// - Throws: as `problems`; `PromptError` for a right answer that does not fit behind its prompt.
    package func examples() throws -> Problems { try problems(.train, first: nil, scored: true) }

    private func problems(_ split: Split, first limit: Int?, scored: Bool) throws -> Problems {
        let set = try task.problems(split: split, in: folder, form: form, onBadRecord: onBadRecord)
        var fitting: [Problem] = []
        var longest = 0
        var refusals: [PromptError] = []
        for (place, problem) in set.problems.enumerated() {
            if let limit, fitting.count == limit || onLongPrompt == .fail && place == limit { break }
            do throws(PromptError) {
                let tokens = try tokenizer.prompt(
                    of: problem, maxTokens: maxTokens, contextLength: model.contextLength)
                if scored, problem.reference != nil {
                    _ = try tokenizer.reference(of: problem, after: tokens, model: model)
                }
                if let classification {
                    _ = try tokenizer.prompt(
                        of: classification.problem(problem), maxTokens: Classification.maxTokens,
                        contextLength: model.contextLength)
                }
                longest = max(longest, tokens.count)
                fitting.append(problem)
            } catch {
                refusals.append(error)
            }
        }
        // The longest, so that its remedy helps with all of them.
        if let worst = refusals.max(by: { $0.tokens < $1.tokens }), onLongPrompt == .fail || fitting.isEmpty {
            throw worst
        }
        return Problems(
            problems: fitting, total: set.problems.count, badRecords: set.skipped, tooLong: refusals.count,
            longest: longest)
    }
}
