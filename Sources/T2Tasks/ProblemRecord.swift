import T2Core

/// One record of a problem file, as it is written; keys not listed here are for people and other programs.
struct ProblemRecord: Decodable {
    /// A record that is JSON of the right types but no problem of its task.
    struct Flaw: Error, CustomStringConvertible {
        let description: String
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

    /// - Throws: `Flaw` if a key that the form needs is absent or its value cannot be an answer.
    func problem(answerForm: TrainingTask.AnswerForm) throws -> Problem {
        if id.isEmpty { throw Flaw(description: "id is empty, expected a name that no other record has") }
        if prompt.isEmpty { throw Flaw(description: "prompt is empty, expected what the model is to read") }
        return Problem(
            id: id, topic: topic, prompt: prompt, verification: try verification(answerForm), reference: reference)
    }

    private func verification(_ form: TrainingTask.AnswerForm) throws -> Verification {
        switch form {
        case .number:
            let answer = try require(answer, "answer")
            guard NumberAnswer(answer) != nil else { throw unexpected(answer, "a number such as -1,250") }
            return .number(answer: answer)
        case .boxed:
            let answer = try require(answer, "answer")
            guard BoxedAnswer.isBalanced(answer), !answer.isEmpty else { throw unexpected(answer, "balanced braces") }
            return .boxed(answer: answer)
        case .choice:
            let answer = try require(answer, "answer")
            guard let letter = answer.utf8.first, answer.utf8.count == 1, ChoiceAnswer.letters.contains(letter) else {
                throw unexpected(answer, "one capital letter")
            }
            return .choice(answer: answer)
        case .program:
            let tests = try require(tests, "tests")
            if tests.isEmpty { throw Flaw(description: "tests is empty, expected at least one assertion") }
            return .program(programPrefix: try require(programPrefix, "program_prefix"), tests: tests)
        }
    }

    private func require<Value>(_ value: Value?, _ key: String) throws -> Value {
        guard let value else { throw Flaw(description: "\(key) is missing") }
        return value
    }

    private func unexpected(_ answer: String, _ expected: String) -> Flaw {
        Flaw(description: "answer is '\(answer.prefix(80))', expected \(expected)")
    }
}
