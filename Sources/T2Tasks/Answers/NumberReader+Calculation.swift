/// What follows a number and tells whether it is the answer.
extension NumberReader {
    enum Continuation {
        /// A unit, a sentence, nothing: the number stands.
        case none
        /// A calculation; the cursor is behind its last `=`.
        case result
        /// A calculation without result, a range, a time, a power: the number is only a part of what stands there.
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

    /// Up to two words such as `square feet`; a lone `x` is a sign of multiplication instead.
    private mutating func skipUnit() -> Bool {
        let start = cursor.position
        for _ in 0..<2 {
            guard let word = cursor.word(), word != "x" else { break }
            cursor.advance(word.utf8.count)
            cursor.skipBlanks()
        }
        return cursor.position > start
    }

    /// A sign of operation and the start of a number after it.
    private mutating func skipOperator() -> Bool {
        let operators: [StaticString] = [
            "+", "-", "\u{2212}", "\u{2013}", "*", "×", "÷", "·", "/", "x", "X", "\\times", "\\cdot", "\\div", "\\pm",
        ]
        guard cursor.skip(anyOf: operators) else { return false }
        cursor.skipBlanks()
        cursor.skip { "$({\\".utf8.contains($0) }
        return cursor.next.isDigit
    }

    /// Goes behind the last `=` of the sentence; false if it has none.
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
