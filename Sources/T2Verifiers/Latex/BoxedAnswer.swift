import Foundation

/// The content of a `\boxed{…}`. Two are compared by value if both are integers, else exactly, ignoring white space
/// around them.
package struct BoxedAnswer: Equatable, Sendable {
    package let content: String

    /// The last `\boxed{…}`; nil if there is none or its braces do not close. An escaped brace is an ordinary
    /// character.
    package init?(inCompletion completion: String) {
        let bytes = Array(completion.utf8)
        guard let start = Self.endOfLastOpening(bytes), let end = Self.closingBrace(bytes[start...]) else { return nil }
        self.init(String(decoding: bytes[start..<end], as: UTF8.self))
    }

    init(_ content: String) { self.content = content.trimmingCharacters(in: .whitespacesAndNewlines) }

    package static func == (a: BoxedAnswer, b: BoxedAnswer) -> Bool {
        if a.content == b.content { return true }
        guard let first = a.integer, let second = b.integer else { return false }
        return first == second
    }

    private var integer: NumberAnswer? {
        let digits = content.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        guard content.utf8.count - digits.count <= 1 else { return nil }
        guard digits.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ",") }) else { return nil }
        guard let number = NumberAnswer(content), number.text.utf8.count == content.utf8.count else { return nil }
        return number
    }

    /// The index after the last `\boxed{`.
    private static func endOfLastOpening(_ bytes: [UInt8]) -> Int? {
        let opening = Array("\\boxed{".utf8)
        var end = bytes.count
        while end >= opening.count {
            if bytes[end - 1] == opening[opening.count - 1],
                bytes[(end - opening.count)..<end].elementsEqual(opening)
            {
                return end
            }
            end -= 1
        }
        return nil
    }

    /// The index of the brace that closes the one opened just before `bytes`.
    private static func closingBrace(_ bytes: ArraySlice<UInt8>) -> Int? {
        var depth = 1
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            // An escaped brace or backslash neither opens nor closes a group.
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
