import Foundation
import T2Core

/// A small synthetic task that comes with t2: one JSON Lines file per split, with complete prompts.
struct BundledTask: ProblemSource {
    let name: String
    let answerForm: ProblemRecord.AnswerForm

    var splits: [Split] { [.train, .valid, .test] }
    var needsSandbox: Bool { answerForm == .program }
    func stopStrings(_ form: PromptForm) -> [String] { [] }

    func problems(
        split: Split, in dataFolder: String, form: PromptForm, onBadRecord policy: BadRecordPolicy
    ) throws -> ProblemSet {
        let path = "\(dataFolder)/\(name)/\(split.rawValue).jsonl"
        let records = try RecordFile(path: path, purpose: "open the problems of \(name)").records()
        let reading = ProblemReading(
            task: name, identity: .id, policy: policy,
            remedy: "Restore the file, or make it again with scripts/base_model.")
        return try reading.problems(records, in: path) { record in
            try JSONDecoder().decode(ProblemRecord.self, from: record.content).problem(answerForm: answerForm)
        }
    }

    private struct Fields: Decodable {
        let answer: String?
        let tests: [String]?
        let program_prefix: String?
    }

    func verification(of record: Data) throws -> Verification {
        let fields = try JSONDecoder().decode(Fields.self, from: record)
        if answerForm == .program {
            guard let tests = fields.tests else { throw RecordFlaw("tests is missing") }
            return .program(programPrefix: fields.program_prefix ?? "", tests: tests)
        }
        guard let answer = fields.answer else { throw RecordFlaw("answer is missing") }
        switch answerForm {
        case .number: return .number(answer: answer)
        case .choice: return .choice(answer: answer, options: [])
        case .boxed, .program: return .boxed(answer: answer)
        }
    }
}
