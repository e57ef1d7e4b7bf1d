import Foundation
import T2Core

extension OwnTask: ProblemSource {
    package var splits: [Split] { Split.allCases.filter { files[$0] != nil } }

    package var needsSandbox: Bool {
        if case .pythonTests = rule { true } else { false }
    }

    package func stopStrings(_ form: PromptForm) -> [String] { stops[form] ?? [] }

    func problems(
        split: Split, in dataFolder: String, form: PromptForm, onBadRecord handling: BadRecordHandling
    ) throws -> ProblemSet {
        guard let name = files[split] else { preconditionFailure("\(self.name) has no split \(split.rawValue)") }
        let file = name.hasPrefix("/") ? name : "\(folder)/\(name)"
        let records = try RecordFile.records(of: file, purpose: "open the problems of \(self.name)")
        let reading = ProblemReading(
            task: self.name, hasIDs: idField != nil, handling: handling,
            remedy: "Correct the record or \(path), or leave such records out: --on-bad-record skip.")
        return try reading.problems(records, in: file) { record in
            try problem(record, split: split, form: form)
        }
    }

    func verification(of record: Data) throws -> Verification {
        try rule.verification(RecordFields(record), task: name)
    }

    private func problem(_ record: RecordText, split: Split, form: PromptForm) throws -> Problem {
        let fields = try RecordFields(record.content)
        guard let template = prompts[form] ?? prompts.values.first else { preconditionFailure("a task has a prompt") }
        let prompt = try template.filled(fields)
        if prompt.isBlank { throw RecordFlaw("its prompt is empty") }
        let id = try idField.map { try fields.text($0) } ?? "\(split.rawValue)/\(record.index)"
        if id.isEmpty { throw RecordFlaw("\(idField ?? "id") is empty, expected a name that no other record has") }
        return Problem(
            id: "\(name)/\(id)", topic: try topicField.flatMap { try fields.optionalText($0) } ?? name, prompt: prompt,
            verification: try rule.verification(fields, task: name),
            reference: try (references[form] ?? references.values.first).map { try $0.filled(fields) })
    }
}
