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
        let bytes = completion.utf8
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let isOpen = blocks.last?.isClosed == false
            let closes = isOpen && Self.closes(Substring(line))
            if closes {
                blocks[blocks.count - 1].end = line.startIndex
                blocks[blocks.count - 1].isClosed = true
            }
            // A fence that names Python opens a block even if it also closes one.
            if let language = Self.openedLanguage(line), !isOpen || (closes && Self.isPython(language)) {
                let start = bytes.index(line.endIndex, offsetBy: 1, limitedBy: bytes.endIndex) ?? bytes.endIndex
                blocks.append(Block(language: language, start: start, end: bytes.endIndex))
            }
        }
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

    package var isEmpty: Bool { code.utf8.allSatisfy(\.isWhitespace) }

    private struct Block {
        let language: String
        let start: String.Index
        var end: String.Index
        var isClosed = false
    }

    private static let fence = "```"

    private static func closes(_ line: Substring) -> Bool { line.drop { $0 == " " || $0 == "\t" }.hasPrefix(fence) }

    /// The word between a fence and the end of its line, in lower case; nil if the line opens no block.
    private static func openedLanguage(_ line: Substring.UTF8View) -> String? {
        var rest = line
        while rest.last == 0x20 || rest.last == 0x09 || rest.last == 0x0D { rest.removeLast() }
        guard let last = rest.lastIndex(of: UInt8(ascii: "`")), rest[...last].suffix(3).elementsEqual(fence.utf8) else {
            return nil
        }
        let word = rest[last...].dropFirst()
        return String(decoding: word, as: UTF8.self).lowercased().trimmingPrefix { $0 == " " }.description
    }

    /// Decided by the first word, because a title or attributes may follow it.
    private static func isPython(_ language: String) -> Bool {
        let word = language.prefix { !$0.isWhitespace && $0 != "{" }
        return ["python", "python3", "py"].contains(word)
    }
}
