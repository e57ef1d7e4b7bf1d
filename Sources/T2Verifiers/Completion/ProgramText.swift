/// The Python program in a completion. Models write prose around a program and put it into fences of three backquotes.
///
/// The program is the content of the last block fenced as Python; if there is none, of the last block fenced without a
/// language; and if there is no fence, the whole completion.
///
/// - Cost: one pass over the completion.
package struct ProgramText: Equatable {
    package let code: String
    /// True if a fence closes the program, so that text after it does not matter.
    package let isClosed: Bool

    package init(inCompletion completion: String) {
        var blocks: [Block] = []
        var open: Block?
        var position = completion.utf8.startIndex
        let bytes = completion.utf8
        while position < bytes.endIndex {
            let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            let next = end < bytes.endIndex ? bytes.index(after: end) : end
            let line = completion[position..<end]
            let language = Self.openedLanguage(line)
            if var block = open, Self.closes(line) {
                (block.end, block.isClosed) = (position, true)
                blocks.append(block)
                open = nil
                // A fence that names Python opens a block even if it also closes one.
                if let language, Self.isPython(language) {
                    open = Block(language: language, start: next, end: bytes.endIndex)
                }
            } else if open == nil, let language {
                open = Block(language: language, start: next, end: bytes.endIndex)
            }
            position = next
        }
        if let open { blocks.append(open) }
        let block = blocks.last { Self.isPython($0.language) } ?? blocks.last { $0.language == "" }
        code = block.map { String(completion[$0.start..<$0.end]) } ?? completion
        isClosed = block?.isClosed ?? false
    }

    /// The source that Python runs: the code continues the prefix if its first line is indented, else it starts a line.
    package func source(after prefix: String) -> String {
        let lines = code.split(whereSeparator: \.isNewline)
        let first = lines.first { line in line.contains { !$0.isWhitespace } }
        guard !prefix.isEmpty, let letter = first?.first, !letter.isWhitespace else { return prefix + code }
        return "\(prefix)\n\(code)"
    }

    package var isEmpty: Bool { code.utf8.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) } }

    private struct Block {
        let language: String
        let start: String.Index
        var end: String.Index
        var isClosed = false
    }

    private static let fence = "```"

    private static func closes(_ line: Substring) -> Bool { line.drop { $0 == " " || $0 == "\t" }.hasPrefix(fence) }

    /// The word between a fence and the end of its line, in lower case; nil if the line opens no block.
    private static func openedLanguage(_ line: Substring) -> String? {
        var rest = line.utf8[...]
        while rest.last == 0x20 || rest.last == 0x09 || rest.last == 0x0D { rest.removeLast() }
        let word = rest.suffix(while: { $0 != UInt8(ascii: "`") })
        guard rest[..<word.startIndex].suffix(3).elementsEqual(fence.utf8) else { return nil }
        return String(decoding: word, as: UTF8.self).lowercased().trimmingPrefix { $0 == " " }.description
    }

    /// Decided by the first word, because a title or attributes may follow it.
    private static func isPython(_ language: String) -> Bool {
        let word = language.prefix { !$0.isWhitespace && $0 != "{" }
        return ["python", "python3", "py"].contains(word)
    }
}

extension BidirectionalCollection {
    /// The longest suffix whose elements all fulfil the condition.
    fileprivate func suffix(while condition: (Element) -> Bool) -> SubSequence {
        var start = endIndex
        while start > startIndex, condition(self[index(before: start)]) { start = index(before: start) }
        return self[start...]
    }
}
