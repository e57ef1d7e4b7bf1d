/// Reads what follows a number, which decides whether the number is the answer.
extension NumberReader {
    enum Continuation {
        /// A unit, a sentence or nothing: the number is the answer.
        case none
        /// A calculation; the cursor is after its last `=`.
        case result
        /// A calculation without a result, a range, a time or a power, of which the number is only a part.
        case invalid
    }

    mutating func readContinuation() -> Continuation {
        switch cursor.next {
        case UInt8(ascii: "^"): return cursor.startsWith("^\\circ") || cursor.startsWith("^{\\circ}") ? .none : .invalid
        case UInt8(ascii: "_") where cursor.byte(at: 1).isDigit || cursor.byte(at: 1) == UInt8(ascii: "{"):
            return .invalid
        case UInt8(ascii: ":") where cursor.byte(at: 1).isDigit: return .invalid
        default: break
        }
        cursor.skip { " })]$_".utf8.contains($0) }
        // One star multiplies; more are the end of bold text.
        if cursor.startsWith("**") { cursor.skip { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: " ") } }
        let hasUnit = skipUnit()
        guard skipOperator() else { return .none }
        if skipToResult() { return .result }
        return hasUnit ? .none : .invalid
    }

    /// Skips up to two words such as `square feet`; a single `x` is a multiplication sign instead.
    private mutating func skipUnit() -> Bool {
        let start = cursor.position
        for _ in 0..<2 {
            guard let word = cursor.word(), word != "x" else { break }
            cursor.advance(word.utf8.count)
            cursor.skipBlanks()
        }
        return cursor.position > start
    }

    /// Skips an operator if a number follows it.
    private mutating func skipOperator() -> Bool {
        let operators: [StaticString] = [
            "+", "-", "\u{2212}", "\u{2013}", "*", "×", "÷", "·", "/", "x", "X", "\\times", "\\cdot", "\\div", "\\pm",
        ]
        guard cursor.skip(anyOf: operators) else { return false }
        cursor.skipBlanks()
        cursor.skip { "$({\\".utf8.contains($0) }
        return cursor.next.isDigit
    }

    /// Moves after the last `=` of the sentence; false if it has none.
    private mutating func skipToResult() -> Bool {
        var resultStart: ByteCursor?
        while !cursor.isAtEnd, cursor.next != UInt8(ascii: "\n"), cursor.next != UInt8(ascii: ";") {
            let byte = cursor.next
            let endsSentence = byte == UInt8(ascii: ".") || byte == UInt8(ascii: ",")
            if endsSentence, !cursor.byte(at: 1).isDigit { break }
            cursor.advance()
            if byte == UInt8(ascii: "=") { resultStart = cursor }
        }
        guard let resultStart else { return false }
        cursor.rewind(to: resultStart.position)
        return true
    }
}
