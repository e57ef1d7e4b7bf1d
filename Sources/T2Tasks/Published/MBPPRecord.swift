import Foundation

/// A record of any edition of MBPP, with Unix line ends, which the full edition does not have.
struct MBPPRecord: Decodable {
    /// The number in `task_id`: 601, or `Mbpp/601`.
    let number: Int
    let text: String
    let solution: String
    let tests: MBPPTests

    private enum CodingKeys: CodingKey {
        case task_id, text, prompt, code, canonical_solution
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func text(_ key: CodingKeys) throws -> String? {
            try values.decodeIfPresent(String.self, forKey: key)?.withLineFeeds
        }
        number = try Self.number(values)
        guard let solution = try text(.code) ?? text(.canonical_solution) else { throw RecordFlaw("code is missing") }
        guard var words = try text(.text) ?? text(.prompt) else { throw RecordFlaw("text and prompt are missing") }
        self.solution = solution
        tests = try MBPPTests(from: decoder)
        if words.hasPrefix("\"\"\"") {
            // In EvalPlus this is a docstring of the text and one of the assertions.
            let lines = words.split(separator: "\n").filter { !$0.hasPrefix("\"\"\"") && !$0.hasPrefix("assert ") }
            words = lines.joined(separator: "\n")
        }
        self.text = words.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func number(_ values: KeyedDecodingContainer<CodingKeys>) throws -> Int {
        if let number = try? values.decode(Int.self, forKey: .task_id) { return number }
        let text = try values.decode(String.self, forKey: .task_id)
        guard let number = text.split(separator: "/").last.flatMap({ Int($0) }) else {
            throw RecordFlaw("task_id is '\(text.prefix(40))', expected a number")
        }
        return number
    }
}

/// The tests in a record of MBPP; each is run separately after the program.
struct MBPPTests: Decodable {
    /// Code that is run before the tests.
    let setup: String
    /// The tests that the prompt shows.
    let shown: [String]
    /// All code that is run after the program, in order.
    let run: [String]

    private enum CodingKeys: CodingKey {
        case test_setup_code, test_list, test_imports, test, assertion
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func text(_ key: CodingKeys) throws -> String {
            try values.decodeIfPresent(String.self, forKey: key)?.withLineFeeds ?? ""
        }
        func texts(_ key: CodingKeys) throws -> [String] {
            try (values.decodeIfPresent([String].self, forKey: key) ?? []).map(\.withLineFeeds)
        }
        let (assertion, test) = (try text(.assertion), try text(.test))
        setup = try text(.test_setup_code)
        let listed = try texts(.test_list)
        shown = listed.isEmpty ? assertion.split(separator: "\n").map(String.init).filter { !$0.isBlank } : listed
        let all = test.isBlank ? (listed.isEmpty && !assertion.isBlank ? [assertion] : listed) : [test]
        run = try texts(.test_imports) + (setup.isBlank ? [] : [setup]) + all
    }
}
