import Foundation

/// A pattern that splits a text into the pieces that are encoded one by one. The patterns that nearly all byte-level
/// tokenizers use have hand-written scanners; every other pattern runs as a regular expression.
enum SplitPattern: Sendable {
    case gpt2
    /// The pattern of Llama 3, with up to three digits in one piece, or of Qwen2, with one. They are equal otherwise.
    case llama3(digits: Int)
    /// A pattern that ICU matches. Text between two matches is a piece as well.
    case regularExpression(NSRegularExpression)

    /// The pattern of the ByteLevel pre-tokenizer.
    static let gpt2Pattern = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    private static let gpt2OtherSpelling = #"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    private static func llama3Pattern(digits: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\#(digits)| ?[^\s\p{L}\p{N}]+[\r\n]*|"#
            + #"\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// - Throws: `TokenizerFile.Problem` if the pattern is not a valid regular expression, or means something else to
    ///   the tokenizers library.
    init(_ pattern: String) throws {
        switch pattern {
        case Self.gpt2Pattern, Self.gpt2OtherSpelling: self = .gpt2
        case Self.llama3Pattern(digits: #"\p{N}{1,3}"#): self = .llama3(digits: 3)
        case Self.llama3Pattern(digits: #"\p{N}"#): self = .llama3(digits: 1)
        default:
            if let part = PatternSyntax.firstDifference(in: pattern) {
                throw TokenizerFile.Problem.unsupported("'\(part)' in the split pattern '\(pattern)'")
            }
            guard let expression = try? NSRegularExpression(pattern: pattern) else {
                throw TokenizerFile.Problem.unsupported("the split pattern '\(pattern)'")
            }
            self = .regularExpression(expression)
        }
    }

    /// Calls `body` with each piece in order. The pieces joined together are the text.
    func forEachPiece(of text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        let reader = ScalarReader(text)
        var start = 0
        func emit(to end: Int) {
            if end > start { body(UnsafeBufferPointer(rebasing: text[start..<end])) }
            start = end
        }
        switch self {
        case .gpt2:
            while start < text.count { emit(to: reader.endOfGPT2Piece(from: start)) }
        case .llama3(let digits):
            while start < text.count { emit(to: reader.endOfLlama3Piece(from: start, digits: digits)) }
        case .regularExpression(let expression):
            // Matches have UTF-16 offsets; `index` and `offset` are the same position in UTF-8 and in UTF-16.
            let string = String(decoding: text, as: UTF8.self)
            var index = 0
            var offset = 0
            func byteIndex(ofUTF16 target: Int) -> Int {
                while offset < target {
                    let (scalar, next) = reader.scalar(at: index)
                    offset += UTF16.width(scalar)
                    index = next
                }
                return index
            }
            for match in expression.matches(in: string, range: NSRange(location: 0, length: string.utf16.count)) {
                emit(to: byteIndex(ofUTF16: match.range.location))
                emit(to: byteIndex(ofUTF16: match.range.location + match.range.length))
            }
            emit(to: text.count)
        }
    }
}

/// The scanners. Each tries the alternatives of its pattern in order and returns the index at which the piece that
/// begins at `start` ends.
extension ScalarReader {
    fileprivate func endOfGPT2Piece(from start: Int) -> Int {
        if let end = endOfContraction(from: start, ignoringCase: false) { return end }
        let (kind, next) = classify(at: start)
        if text[start] == UInt8(ascii: " "), let following = classIfAny(at: next), following != .whitespace {
            return endOfRun(of: following, from: next)
        }
        return kind == .whitespace ? endOfSpace(from: start) : endOfRun(of: kind, from: next)
    }

    fileprivate func endOfLlama3Piece(from start: Int, digits: Int) -> Int {
        if let end = endOfContraction(from: start, ignoringCase: true) { return end }
        let (kind, next) = classify(at: start)
        switch kind {
        case .letter: return endOfRun(of: .letter, from: next)
        case .number: return endOfRun(of: .number, from: start, limit: digits)
        case .whitespace, .other: break
        }
        if !isLineBreak(text[start]), classIfAny(at: next) == .letter { return endOfRun(of: .letter, from: next) }
        if kind == .other || (text[start] == UInt8(ascii: " ") && classIfAny(at: next) == .other) {
            var end = endOfRun(of: .other, from: next)
            while end < self.end, isLineBreak(text[end]) { end += 1 }
            return end
        }
        let space = start..<endOfRun(of: .whitespace, from: start)
        return space.last { isLineBreak(text[$0]) }.map { $0 + 1 } ?? endOfSpace(from: start)
    }

    /// Matches `\s+(?!\S)|\s+`: all of a run at the end of the text, otherwise all but the last scalar if there are
    /// several.
    private func endOfSpace(from start: Int) -> Int {
        let end = endOfRun(of: .whitespace, from: start)
        guard end < self.end, let last = scalar(before: end)?.start, last > start else { return end }
        return last
    }

    private func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    /// Matches `'s|'t|'re|'ve|'m|'ll|'d`. When case is ignored, ſ (U+017F) matches s.
    private func endOfContraction(from start: Int, ignoringCase: Bool) -> Int? {
        guard text[start] == UInt8(ascii: "'") else { return nil }
        func letter(at index: Int) -> UInt8 {
            guard index < end else { return 0 }
            let byte = text[index]
            return ignoringCase && byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
        }
        switch (letter(at: start + 1), letter(at: start + 2)) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _):
            return start + 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        case (0xC5, 0xBF): return ignoringCase ? start + 3 : nil
        default: return nil
        }
    }
}
