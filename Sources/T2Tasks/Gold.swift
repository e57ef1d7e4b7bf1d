import Foundation
import T2Verifiers

/// Checks that a record's answer can be compared with completions.
///
/// Each function returns the answer or throws a `RecordFlaw`.
enum Gold {
    static func number(_ answer: String) throws -> String {
        guard NumberAnswer(answer) != nil else { throw unexpected(answer, "a number such as -1,250") }
        return answer
    }

    static func boxed(_ answer: String) throws -> String {
        // A box around the answer closes at its end only if the answer's braces are balanced.
        let trimmed = answer.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.isEmpty, BoxedAnswer(inCompletion: "\\boxed{\(answer)}")?.content == trimmed else {
            throw unexpected(answer, "balanced braces")
        }
        return answer
    }

    static func letter(_ answer: String) throws -> String {
        guard answer.utf8.count == 1, let letter = answer.utf8.first,
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(letter)
        else { throw unexpected(answer, "one capital letter") }
        return answer
    }

    private static func unexpected(_ answer: String, _ expected: String) -> RecordFlaw {
        RecordFlaw("answer is '\(answer.prefix(80))', expected \(expected)")
    }
}
