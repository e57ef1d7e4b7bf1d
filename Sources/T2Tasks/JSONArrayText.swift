import Foundation

/// A JSON array cut into the texts of its elements, so that one that is malformed does not hide the others.
///
/// - Cost: one pass over the bytes; the elements share the array's memory.
struct JSONArrayText {
    static let whiteSpace: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]

    private(set) var elements: [Data] = []
    /// False if the text ends before the array does; the last element is then what there is of it.
    private(set) var isClosed = false
    /// Where something else than white space stands behind the array.
    private(set) var rest: Int?

    /// Nil for JSON Lines whose lines are arrays: those are for the reader of lines to refuse.
    init?(_ text: Data) {
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
