import Foundation

/// The texts of the elements of a JSON array, cut apart so that a malformed element does not hide the others.
///
/// - Cost: one pass over the bytes; the elements share the array's memory.
package struct JSONArrayText {
    static let whiteSpace: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]

    package private(set) var elements: [Data] = []
    /// False if the text ends before the array does; the last element is then incomplete.
    package private(set) var isClosed = false
    /// The offset of the first byte after the array that is not white space; nil if there is none.
    package private(set) var rest: Int?

    /// Nil if the text holds no `[`.
    package init?(_ text: Data) {
        guard let opening = text.firstIndex(of: UInt8(ascii: "[")) else { return nil }
        var start = opening + 1
        var depth = 1
        var isInString = false
        var index = start
        while index < text.endIndex, depth > 0 {
            let byte = text[index]
            if isInString {
                if byte == UInt8(ascii: "\\") { index += 1 }
                if byte == UInt8(ascii: "\"") { isInString = false }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isInString = true
                case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
                case UInt8(ascii: ",") where depth == 1:
                    elements.append(text[start..<index])
                    start = index + 1
                default: break
                }
            }
            if depth > 0 { index += 1 }
        }
        isClosed = depth == 0
        let end = min(index, text.endIndex)
        let last = text[start..<end]
        if !elements.isEmpty || !last.allSatisfy({ Self.whiteSpace.contains($0) }) { elements.append(last) }
        guard isClosed else { return }
        rest = text[(end + 1)...].firstIndex { !Self.whiteSpace.contains($0) }.map { $0 - text.startIndex }
    }
}
