import T2Core
import T2Tasks
import T2Text

/// Reads a task's problems for one model, and checks that each prompt leaves room for its answer.
package struct TaskReader: Sendable {
    /// The problems that were read, and those that were left out.
    package struct Problems: Sendable {
        /// Never empty.
        package let problems: [Problem]
        /// The number of problems in the split.
        package let total: Int
        package let badRecords: [String]
        /// The number of problems that do not fit into the model's context, with their answer or in the question of a
        /// first pass.
        package let tooLong: Int
        /// The number of tokens of the longest prompt.
        package let longest: Int

        /// Messages about the problems that were left out.
        package var notices: [String] {
            var notices: [String] = []
            if let first = badRecords.first {
                notices.append("\(badRecords.count) bad records left out, the first: \(first)")
            }
            if tooLong > 0 { notices.append("\(tooLong) problems too long for the model's context left out") }
            return notices
        }
    }

    package let task: TrainingTask
    /// The folder with the data of all tasks.
    package let folder: String
    package let maxTokens: Int
    private let tokenizer: Tokenizer
    private let model: ModelConfiguration
    private let onBadRecord: BadRecordHandling
    private let onLongPrompt: LongPromptHandling
    /// The question that a first pass asks about every problem; nil without a first pass.
    private let classification: Classification?
    /// What a chat template reads besides each prompt.
    private let chat: ChatContext?

    /// - Parameters:
    ///   - maxTokens: the token limit of an answer; nil takes the task's limit or, if it has none, the default.
    ///   - chat: as `Tokenizer.chatContext` gives it for this model.
    package init(
        _ task: TrainingTask, folder: String, tokenizer: Tokenizer, model: ModelConfiguration, maxTokens: Int?,
        onBadRecord: BadRecordHandling = .fail, onLongPrompt: LongPromptHandling = .fail,
        classification: Classification? = nil, chat: ChatContext?
    ) {
        self.chat = chat
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

    /// The form of prompts for this model.
    package var form: PromptForm { tokenizer.chatTemplate == nil ? .plain : .chat }

    /// The sampling of answers.
    package func sampling(temperature: Float = 0) -> Sampling {
        Sampling(temperature: temperature, maxTokens: maxTokens, stopStrings: task.stopStrings(form))
    }

    /// - Parameter limit: the number of problems wanted, from the start of the split; nil for all.
    /// - Throws: errors of reading the task; `PromptError` for a prompt that the template does not write, for the longest prompt that
    ///   does not fit, or if none fits; `InputError` for a text with a token that the model lacks.
    package func problems(_ split: Split, first limit: Int? = nil) throws -> Problems {
        try problems(split, first: limit, scored: false)
    }

    /// The training split for a few-shot search, which also scores the references.
    ///
    /// - Throws: as `problems`; `PromptError` for a reference that does not fit after its prompt.
    package func examples() throws -> Problems { try problems(.train, first: nil, scored: true) }

    private func problems(_ split: Split, first limit: Int?, scored: Bool) throws -> Problems {
        let set = try task.problems(split: split, in: folder, form: form, onBadRecord: onBadRecord)
        var fitting: [Problem] = []
        var longest = 0
        var refusals: [PromptError] = []
        for (index, var problem) in set.problems.enumerated() {
            problem.chat = chat
            if let limit, fitting.count == limit || onLongPrompt == .fail && index == limit { break }
            var texts: [[Int32]] = []
            do throws(PromptError) {
                let tokens = try tokenizer.prompt(of: problem, maxTokens: maxTokens, contextLength: model.contextLength)
                if scored, problem.reference != nil {
                    texts.append(try tokenizer.reference(of: problem, after: tokens, model: model))
                }
                if let classification {
                    texts.append(
                        try tokenizer.prompt(
                            of: classification.problem(problem), maxTokens: Classification.maxTokens,
                            contextLength: model.contextLength))
                }
                texts.append(tokens)
                longest = max(longest, tokens.count)
                fitting.append(problem)
            } catch {
                // No other problem would fare better, or the template's author meant it so: nothing is left out for it.
                if case .template = error { throw error }
                refusals.append(error)
            }
            for tokens in texts {
                try tokenizer.checkEmbeddings(of: tokens, location: "problem \(problem.id)", in: model)
            }
        }
        // The error for the longest prompt is thrown, because its remedy works for the others too.
        if let worst = refusals.max(by: { $0.tokens < $1.tokens }), onLongPrompt == .fail || fitting.isEmpty {
            throw worst
        }
        return Problems(
            problems: fitting, total: set.problems.count, badRecords: set.skipped, tooLong: refusals.count,
            longest: longest)
    }
}
