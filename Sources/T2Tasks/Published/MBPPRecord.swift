import Foundation

/// A record of any edition of MBPP; with Unix line ends, which the full edition has not.
struct MBPPRecord: Decodable {
    /// The statements about a program, each run by itself after it.
    struct Tests {
        /// Run before the tests.
        let setup: String
        /// What the model is told.
        let shown: [String]
        /// All of it, in order.
        let run: [String]
    }

    /// The number in `task_id`: 601, or `Mbpp/601`.
    let number: Int
    let text: String
    let solution: String
    let tests: Tests

    private enum CodingKeys: String, CodingKey {
        case identifier = "task_id"
        case text, prompt, code, test, assertion
        case setup = "test_setup_code"
        case tests = "test_list"
        case imports = "test_imports"
        case canonicalSolution = "canonical_solution"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func text(_ key: CodingKeys) throws -> String? {
            try values.decodeIfPresent(String.self, forKey: key)?.withLineFeeds
        }
        number = try Self.number(values)
        guard let solution = try text(.code) ?? text(.canonicalSolution) else { throw RecordFlaw("code is missing") }
        guard let words = try text(.text) ?? text(.prompt) else { throw RecordFlaw("text and prompt are missing") }
        self.solution = solution
        let setup = try text(.setup) ?? ""
        let imports = try values.decodeIfPresent([String].self, forKey: .imports) ?? []
        if let assertion = try text(.assertion) {
            // EvalPlus: the prompt is a docstring of the text and one of the assertions.
            let lines = words.split(separator: "\n").filter { !$0.hasPrefix("\"\"\"") && !$0.hasPrefix("assert ") }
            self.text = lines.joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines)
            let shown = assertion.split(separator: "\n").map(String.init).filter { !$0.isBlank }
            tests = Tests(setup: "", shown: shown, run: assertion.isBlank ? [] : [assertion])
            return
        }
        self.text = words.trimmingCharacters(in: .whitespacesAndNewlines)
        let shown = try (values.decodeIfPresent([String].self, forKey: .tests) ?? []).map(\.withLineFeeds)
        let all = try text(.test).map { [$0] } ?? shown
        tests = Tests(setup: setup, shown: shown, run: imports + (setup.isBlank ? [] : [setup]) + all)
    }

    private static func number(_ values: KeyedDecodingContainer<CodingKeys>) throws -> Int {
        if let number = try? values.decode(Int.self, forKey: .identifier) { return number }
        let text = try values.decode(String.self, forKey: .identifier)
        guard let number = text.split(separator: "/").last.flatMap({ Int($0) }) else {
            throw RecordFlaw("task_id is '\(text.prefix(40))', expected a number")
        }
        return number
    }
}
