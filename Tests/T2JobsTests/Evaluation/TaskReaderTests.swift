import Foundation
import T2Core
import T2Formats
import T2Jobs
import T2Tasks
import T2TestSupport
import T2Text
import Testing

/// The tokenizer of `TinyModel` spells each letter as a token.
@Suite("A task's problems for one model")
struct TaskReaderTests {
    private static func reader(
        _ folder: TemporaryFolder, _ model: TinyModel, onLongPrompt: LongPromptHandling, limit: Int? = 4
    ) throws -> TaskReader {
        let (base, tokenizer) = try BaseModelFolder.openWithTokenizer(path: model.path)
        return TaskReader(
            try TaskRegistry.bundled.task(named: "gsm-mini"), folder: folder.path, tokenizer: tokenizer,
            model: base.configuration, maxTokens: limit, onLongPrompt: onLongPrompt, chat: nil)
    }

    /// Prompts and right answers of these lengths.
    private static func write(_ lengths: [(prompt: Int, reference: Int)], in folder: TemporaryFolder) throws {
        let lines = lengths.enumerated().map { number, lengths in
            let (prompt, reference) = (
                String(repeating: "A", count: lengths.prompt), String(repeating: "B", count: lengths.reference)
            )
            return
                #"{"id": "\#(number)", "topic": "t", "prompt": "\#(prompt)", "answer": "1", "reference": "\#(reference)"}"#
        }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "gsm-mini/train.jsonl")
    }

    @Test("what does not fit is an error that names the longest, or is left out and counted")
    func longPrompts() throws {
        let (folder, model) = (try TemporaryFolder(), try TinyModel(contextLength: 32))
        defer { model.remove() }
        try Self.write([(28, 1), (29, 1), (31, 1), (2, 1)], in: folder)
        let error = #expect(throws: PromptError.self) {
            try Self.reader(folder, model, onLongPrompt: .fail).problems(.train)
        }
        #expect(error == .tooLong(problem: "2", tokens: 31, maxTokens: 4, context: 32))
        let found = try Self.reader(folder, model, onLongPrompt: .skip).problems(.train)
        #expect(
            found.problems.map(\.id) == ["0", "3"] && found.tooLong == 2 && found.longest == 28 && found.total == 4)
        #expect(found.notices == ["2 problems too long for the model's context left out"])
        #expect(try Self.reader(folder, model, onLongPrompt: .fail).problems(.train, first: 1).problems.count == 1)
        #expect(
            try Self.reader(folder, model, onLongPrompt: .skip).problems(.train, first: 2).problems.map(\.id) == [
                "0", "3",
            ])
        try Self.write([(30, 1)], in: folder)
        #expect(throws: PromptError.self) { try Self.reader(folder, model, onLongPrompt: .skip).problems(.train) }
    }

    @Test("a search's examples need room for their right answers too")
    func longReferences() throws {
        let (folder, model) = (try TemporaryFolder(), try TinyModel(contextLength: 32))
        defer { model.remove() }
        try Self.write([(10, 5), (10, 60)], in: folder)
        let strict = try Self.reader(folder, model, onLongPrompt: .fail)
        #expect(try strict.problems(.train).problems.count == 2)
        let error = #expect(throws: PromptError.self) { try strict.examples() }
        guard case .referenceTooLong("1", let tokens, 32) = error else {
            Issue.record("unexpected \(String(describing: error))")
            return
        }
        #expect(tokens >= 70)
        let found = try Self.reader(folder, model, onLongPrompt: .skip).examples()
        #expect(found.problems.map(\.id) == ["0"] && found.tooLong == 1)
    }

    @Test("without a limit of its own the task's counts, and else the usual one")
    func limits() throws {
        let (folder, model) = (try TemporaryFolder(), try TinyModel(contextLength: 32))
        defer { model.remove() }
        #expect(try Self.reader(folder, model, onLongPrompt: .fail, limit: nil).maxTokens == 64)
        #expect(TaskReader.maxTokens(nil, try TaskRegistry.bundled.task(named: "classify-published")) == 16)
        #expect(TaskReader.maxTokens(9, try TaskRegistry.bundled.task(named: "classify-published")) == 9)
    }
}
