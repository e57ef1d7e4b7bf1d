import T2Core
import T2Verifiers

/// How a user's own task checks completions: the verifier, and the fields of a record that it reads.
enum AnswerRule: Sendable, Equatable {
    case number(answer: String)
    case latex(answer: String)
    case boxed(answer: String)
    case exact(answer: String)
    /// `answer` is a letter, the number of an option counted from 1, or the text of an option.
    case choice(answer: String, options: String)
    case regex(pattern: String)
    case pythonTests(tests: String, prefix: String?)
    case external(command: [String], timeout: Duration)

    static let kinds = ["number", "choice", "exact", "regex", "latex", "boxed", "python-tests", "external"]

    /// - Throws: `InputError` that names the wrong key of the file.
    init(_ file: YAMLMapping) throws {
        let keys = file.nestedMapping("verifier")
        let kind = try keys?.requiredString("kind") ?? file.requiredString("verifier")
        func requireOnly(_ known: String...) throws { try keys?.requireOnly(["kind"] + known) }
        func field(_ key: String) throws -> String { try keys?.string(key) ?? key }
        func answer() throws -> String {
            try requireOnly("answer")
            return try field("answer")
        }
        func missing(_ key: String, _ expected: String) -> InputError {
            keys?.wrong(key, expected)
                ?? InputError(
                    file.location("verifier"), "is only '\(kind)', expected a mapping with \(key): \(expected)",
                    remedy: "Write kind: \(kind) and \(key) under verifier.", exitStatus: .configuration)
        }
        switch kind {
        case "number": self = .number(answer: try answer())
        case "latex": self = .latex(answer: try answer())
        case "boxed": self = .boxed(answer: try answer())
        case "exact": self = .exact(answer: try answer())
        case "choice":
            try requireOnly("answer", "options")
            self = .choice(answer: try field("answer"), options: try field("options"))
        case "regex":
            try requireOnly("pattern")
            guard let keys, let pattern = try keys.string("pattern") else {
                throw missing("pattern", "a regular expression")
            }
            do {
                _ = try TextPattern(pattern)
            } catch {
                throw InputError(
                    keys.location("pattern"), error.description, remedy: "Correct the pattern.",
                    exitStatus: .configuration)
            }
            self = .regex(pattern: pattern)
        case "python-tests":
            try requireOnly("tests", "prefix")
            self = .pythonTests(tests: try field("tests"), prefix: try keys?.string("prefix"))
        case "external":
            try requireOnly("command", "timeout")
            guard let command = try keys?.strings("command"), command.first?.isEmpty == false else {
                throw missing("command", "a list: the program and its arguments")
            }
            self = .external(command: command, timeout: .seconds(try keys?.double("timeout", above: 0) ?? 10))
        default:
            let suggestion = nearestName(to: kind, among: Self.kinds).map { "Did you mean \($0)? " } ?? ""
            throw InputError(
                file.location("verifier"), "there is no verifier '\(kind)'",
                remedy: "\(suggestion)Verifiers: \(Self.kinds.joined(separator: ", ")).", exitStatus: .configuration)
        }
    }

    /// - Throws: `RecordFlaw` if a field that it reads is missing or cannot be an answer.
    func verification(_ record: RecordFields, task: String) throws -> Verification {
        switch self {
        case .number(let answer): return .number(answer: try Gold.number(record.text(answer)))
        case .latex(let answer): return .latex(answer: try Gold.boxed(record.text(answer)))
        case .boxed(let answer): return .boxed(answer: try Gold.boxed(record.text(answer)))
        case .exact(let answer):
            let text = try record.text(answer)
            if text.isBlank { throw RecordFlaw("\(answer) is empty") }
            return .exact(answer: text)
        case .choice(let answer, let options):
            let options = try record.texts(options)
            return .choice(answer: try Self.letter(record.text(answer), among: options), options: options)
        case .regex(let pattern): return .regex(pattern: pattern)
        case .pythonTests(let tests, let prefix):
            return .program(
                programPrefix: try prefix.map { try record.text($0) } ?? "", tests: try record.texts(tests))
        case .external: return .external(task: task, record: String(decoding: record.content, as: UTF8.self))
        }
    }

    private static func letter(_ answer: String, among options: [String]) throws -> String {
        let letters = try Gold.letters(ofOptions: options.count)
        // The text of an option means that option, even if it looks like a letter or a number.
        if let index = options.firstIndex(of: answer) { return letters[index] }
        if letters.contains(answer) { return answer }
        if let number = Int(answer), options.indices.contains(number - 1) { return letters[number - 1] }
        throw RecordFlaw(
            "answer is '\(answer.prefix(80))', expected a letter from A to \(letters[letters.count - 1]), a number from 1 to "
                + "\(options.count) or the text of an option")
    }
}
