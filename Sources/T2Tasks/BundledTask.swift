import Foundation
import T2Core

/// A small made-up task that comes with t2: one JSON Lines file a split, with the prompts written out.
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
            remedy: "Restore the file, or make it anew with scripts/base_model.")
        return try reading.problems(records, in: path) { record in
            try JSONDecoder().decode(ProblemRecord.self, from: record.content).problem(answerForm: answerForm)
        }
    }
}
