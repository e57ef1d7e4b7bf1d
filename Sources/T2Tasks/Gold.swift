import Foundation
import T2Verifiers

/// Checks that a record's answer can be compared with completions; throws a `RecordFlaw` if it cannot.
enum Gold {
    static func number(_ answer: String) throws -> String {
        try require(answer, NumberAnswer(answer) != nil, "a number such as -1,250")
    }

    static func boxed(_ answer: String) throws -> String {
        // A box around the answer closes at its end only if the answer's braces are balanced.
        let trimmed = answer.trimmingCharacters(in: .whitespacesAndNewlines)
        let boxed = BoxedAnswer(inCompletion: "\\boxed{\(answer)}")?.content
        return try require(answer, !trimmed.isEmpty && boxed == trimmed, "balanced braces")
    }

    static func letter(_ answer: String) throws -> String {
        try require(answer, ChoiceAnswer(answer) != nil, "one capital letter")
    }

    /// The letters by which options are chosen.
    static func letters(ofOptions count: Int) throws -> [String] {
        guard (2...26).contains(count) else {
            throw RecordFlaw("there are \(count) options, expected from 2 to 26")
        }
        return (0..<count).map { String(UnicodeScalar(UInt8(ascii: "A") + UInt8($0))) }
    }

    private static func require(_ answer: String, _ isUsable: Bool, _ expected: String) throws -> String {
        guard isUsable else { throw RecordFlaw("answer is '\(answer.prefix(80))', expected \(expected)") }
        return answer
    }
}
