import Foundation
import T2Core

/// A small synthetic task that comes with t2: one JSON Lines file per split, with complete prompts.
struct BundledTask: ProblemSource {
    /// The form of the answers, which decides the keys of a record and its `Verification`.
    enum AnswerForm: Sendable {
        case number, boxed, choice, program
    }

    let name: String
    let answerForm: AnswerForm

    let splits: [Split] = [.train, .valid, .test]
    let maxTokens: Int? = nil
    var needsSandbox: Bool { answerForm == .program }
    func stopStrings(_ form: PromptForm) -> [String] { [] }

    func problems(
        split: Split, in dataFolder: String, form: PromptForm, onBadRecord handling: BadRecordHandling
    ) throws -> ProblemSet {
        let path = "\(dataFolder)/\(name)/\(split.rawValue).jsonl"
        let records = try RecordFile.records(of: path, purpose: "open the problems of \(name)")
        let reading = ProblemReading(
            task: name, hasIDs: true, handling: handling,
            remedy: "Restore the file, or make it again with scripts/base_model.")
        return try reading.problems(records, in: path) { try problem($0.content) }
    }

    func verification(of record: Data) throws -> Verification {
        try JSONDecoder().decode(AnswerFields.self, from: record).verification(answerForm)
    }

    private struct Fields: Decodable {
        let id: String
        let topic: String
        let prompt: String
        let reference: String?
    }

    private struct AnswerFields: Decodable {
        let answer: String?
        let program_prefix: String?
        let tests: [String]?

        func verification(_ form: AnswerForm) throws -> Verification {
            switch form {
            case .number: .number(answer: try require(answer, "answer"))
            case .boxed: .boxed(answer: try require(answer, "answer"))
            case .choice: .choice(answer: try require(answer, "answer"), options: [])
            case .program: .program(programPrefix: program_prefix ?? "", tests: try require(tests, "tests"))
            }
        }

        func require<Value>(_ value: Value?, _ key: String) throws -> Value {
            guard let value else { throw RecordFlaw("\(key) is missing") }
            return value
        }
    }

    /// - Throws: `RecordFlaw` if a key that the form needs is missing or its value cannot be an answer.
    private func problem(_ record: Data) throws -> Problem {
        let fields = try JSONDecoder().decode(Fields.self, from: record)
        let answer = try JSONDecoder().decode(AnswerFields.self, from: record)
        if fields.id.isEmpty { throw RecordFlaw("id is empty, expected a name that no other record has") }
        if fields.prompt.isEmpty { throw RecordFlaw("prompt is empty, expected the text that the model reads") }
        let verification = try answer.verification(answerForm)
        switch verification {
        case .number(let answer): _ = try Gold.number(answer)
        case .boxed(let answer): _ = try Gold.boxed(answer)
        case .choice(let answer, _): _ = try Gold.letter(answer)
        case .program(_, let tests):
            if tests.isEmpty { throw RecordFlaw("tests is empty, expected at least one assertion") }
            _ = try answer.require(answer.program_prefix, "program_prefix")
        default: break
        }
        return Problem(
            id: fields.id, topic: fields.topic, prompt: fields.prompt, verification: verification,
            reference: fields.reference)
    }
}
