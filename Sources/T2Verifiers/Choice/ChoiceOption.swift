/// An option's text in the form that completions are compared with: runs of white space are one space, and marks and
/// punctuation at both ends are removed.
struct ChoiceOption {
    let exact: [UInt8]
    /// ASCII letters in lower case.
    let folded: [UInt8]

    init(_ text: String) {
        var words = Array(text.utf8.split(whereSeparator: \.isWhitespace).joined(separator: " ".utf8))
        while let last = words.last, last == UInt8(ascii: " ") || last.endsOptionText { words.removeLast() }
        exact = Array(words.drop { $0 == UInt8(ascii: " ") || $0.leadsToChoice })
        folded = exact.map { $0.lowercased }
    }

    /// True if the text consists of digits, signs, points, commas and percent signs.
    var isNumber: Bool { exact.contains { $0.isDigit } && exact.allSatisfy { $0.isDigit || "+-.,%".utf8.contains($0) } }

    /// The rest after the text if it matches here; a run of white space in the completion counts as one space.
    func rest(of start: ByteCursor, ignoringCase: Bool, steps: inout Int) -> ByteCursor? {
        let pattern = ignoringCase ? folded : exact
        guard !pattern.isEmpty else { return nil }
        var cursor = start
        defer { steps += cursor.steps - start.steps }
        for byte in pattern {
            guard !cursor.isAtEnd else { return nil }
            if byte == UInt8(ascii: " ") {
                guard cursor.next.isWhitespace else { return nil }
                cursor.skip { $0.isWhitespace }
            } else {
                guard (ignoringCase ? cursor.next.lowercased : cursor.next) == byte else { return nil }
                cursor.advance()
            }
        }
        return cursor
    }
}

extension UInt8 {
    /// Punctuation at the end of an option's text, which a completion may leave out.
    fileprivate var endsOptionText: Bool { ".,;:!?\"'".utf8.contains(self) }

    /// Marks before a choice, which a completion may leave out.
    var leadsToChoice: Bool { "*_$\"'`:=>{".utf8.contains(self) }
}
