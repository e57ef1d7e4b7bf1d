import Foundation

/// The content of a `\boxed{…}`. Two are compared by value if both are integers, else exactly, ignoring white space
/// around them.
package struct BoxedAnswer: Equatable, Sendable {
    package let content: String

    /// The last `\boxed{…}`; nil if there is none or its braces do not close. An escaped brace is an ordinary
    /// character.
    package init?(inCompletion completion: String) {
        let bytes = Array(completion.utf8)
        let opening = "\\boxed{".utf8
        let brace = bytes.indices.last { index in
            bytes[index] == UInt8(ascii: "{") && bytes[...index].suffix(opening.count).elementsEqual(opening)
        }
        guard let brace, let end = Self.closingBrace(bytes[(brace + 1)...]) else { return nil }
        content = String(decoding: bytes[brace + 1..<end], as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    package static func == (a: BoxedAnswer, b: BoxedAnswer) -> Bool {
        a.content == b.content || a.integer.map { $0 == b.integer } ?? false
    }

    private var integer: NumberAnswer? {
        let digits = content.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        guard content.utf8.count - digits.count <= 1, digits.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: ",") }),
            let number = NumberAnswer(content), number.text.utf8.count == content.utf8.count
        else { return nil }
        return number
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
