import T2Core
import T2Model

/// Completions with their advantages, from JSON Lines.
struct RolloutFile {
    private(set) var sequences: [ScoredSequence] = []
    private(set) var advantages: [Float] = []

    private struct Record: Decodable {
        let prompt_ids: [Int]
        let completion_ids: [Int]
        let advantage: Float
    }

    /// - Throws: `SystemError` or `InputError` naming the line.
    init(path: String, model: ModelConfiguration) throws {
        let reader = try LineReader(path: path)
        let check = TokenCheck(model: model)
        while let line = try reader.next() {
            let record = try line.decode(
                Record.self, form: #"{"prompt_ids": […], "completion_ids": […], "advantage": a}"#)
            for (key, ids) in [("prompt_ids", record.prompt_ids), ("completion_ids", record.completion_ids)]
            where ids.isEmpty {
                throw InputError(line.location, "\(key) is empty", remedy: "Give at least one token.")
            }
            try check.length(record.prompt_ids.count + record.completion_ids.count, location: line.location)
            sequences.append(
                ScoredSequence(
                    prompt: try check.identifiers(record.prompt_ids, location: line.location, key: "prompt_ids"),
                    completion: try check.identifiers(
                        record.completion_ids, location: line.location, key: "completion_ids")))
            advantages.append(record.advantage)
        }
        guard !sequences.isEmpty else {
            throw InputError(reader.name, "holds no rollouts", remedy: "Give one JSON object a line.")
        }
    }
}
