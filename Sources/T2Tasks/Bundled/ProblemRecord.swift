import T2Core

/// One record of a bundled task; other keys in it are ignored.
struct ProblemRecord: Decodable {
    /// The form of the answers of a task, which decides the keys of a record and its `Verification`.
    enum AnswerForm: Sendable {
        case number
        case boxed
        case choice
        case program
    }

    let id: String
    let topic: String
    let prompt: String
    let answer: String?
    let programPrefix: String?
    let tests: [String]?
    let reference: String?

    enum CodingKeys: String, CodingKey {
        case id, topic, prompt, answer, tests, reference
        case programPrefix = "program_prefix"
    }

    /// - Throws: `RecordFlaw` if a key that the form needs is missing or its value cannot be an answer.
    func problem(answerForm: AnswerForm) throws -> Problem {
        if id.isEmpty { throw RecordFlaw("id is empty, expected a name that no other record has") }
        if prompt.isEmpty { throw RecordFlaw("prompt is empty, expected the text that the model reads") }
        return Problem(
            id: id, topic: topic, prompt: prompt, verification: try verification(answerForm), reference: reference)
    }

    private func verification(_ form: AnswerForm) throws -> Verification {
        switch form {
        case .number: return .number(answer: try Gold.number(require(answer, "answer")))
        case .boxed: return .boxed(answer: try Gold.boxed(require(answer, "answer")))
        case .choice: return .choice(answer: try Gold.letter(require(answer, "answer")), options: [])
        case .program:
            let tests = try require(tests, "tests")
            if tests.isEmpty { throw RecordFlaw("tests is empty, expected at least one assertion") }
            return .program(programPrefix: try require(programPrefix, "program_prefix"), tests: tests)
        }
    }

    private func require<Value>(_ value: Value?, _ key: String) throws -> Value {
        guard let value else { throw RecordFlaw("\(key) is missing") }
        return value
    }
}
