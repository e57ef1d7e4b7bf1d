import Foundation

/// The content of a `\boxed{…}`: compared by value if both are integers, else exactly, white space around it aside.
package struct BoxedAnswer: Equatable, Sendable {
    package let content: String

    /// The last `\boxed{…}`; nil if there is none or its braces do not close. A backslash makes a brace a mere
    /// character.
    package init?(inCompletion completion: String) {
        let bytes = Array(completion.utf8)
        guard let start = bytes.endOfLast("\\boxed{"), let end = Self.closingBrace(bytes[start...]) else { return nil }
        self.init(String(decoding: bytes[start..<end], as: UTF8.self))
    }

    init(_ content: String) { self.content = content.trimmingCharacters(in: .whitespacesAndNewlines) }

    package static func == (a: BoxedAnswer, b: BoxedAnswer) -> Bool {
        if a.content == b.content { return true }
        guard let first = a.integer, let second = b.integer else { return false }
        return first == second
    }

    /// True if the text could stand inside `\boxed{}`.
    static func isBalanced(_ text: String) -> Bool {
        let bytes = Array("\(text)}".utf8)
        return closingBrace(bytes[...]) == bytes.count - 1
    }

    private var integer: NumberAnswer? {
        let digits = content.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        guard content.utf8.count - digits.count <= 1 else { return nil }
        guard digits.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ",") }) else { return nil }
        guard let number = NumberAnswer(content), number.text.utf8.count == content.utf8.count else { return nil }
        return number
    }

    /// The position of the brace that closes one opened just before `bytes`.
    private static func closingBrace(_ bytes: ArraySlice<UInt8>) -> Int? {
        var depth = 1
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            // Whatever it escapes, a brace or another backslash, opens and closes nothing.
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"): depth -= 1
            default: break
            }
            if depth == 0 { return index }
            index += 1
        }
        return nil
    }
}
