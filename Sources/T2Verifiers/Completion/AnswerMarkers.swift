/// The markers in a completion that announce an answer, in the order of the text.
///
/// They are `####`; `answer is` and `answer:`, in any case, with `*` and `_` around the word; and `\boxed` or `\fbox`
/// with braces that close, or without braces. The text after a marker ends where the next marker begins, so reading
/// after every marker reads no byte twice.
///
/// - Cost: one pass; `steps` is at most 20 per byte.
package struct AnswerMarkers {
    enum Kind { case hashes, phrase, box }

    struct Marker {
        let kind: Kind
        let start: Int
        /// The index at which the answer may begin.
        let contentStart: Int
        /// The index at which the box closes or its line ends; nil while the box is open, and for the other kinds.
        fileprivate(set) var boxEnd: Int?

        /// The whole content of the box; nil for the other kinds.
        var boxContent: Range<Int>? { boxEnd.map { contentStart..<$0 } }
    }

    private(set) var markers: [Marker] = []
    /// The number of bytes looked at.
    package private(set) var steps = 0
    /// True if the last box of the text never closes.
    private(set) var endsInOpenBox = false
    private let count: Int
    /// One entry per open brace: the index in `markers` of the box that it opens, or nil.
    private var open: [Int?] = []

    package init(_ bytes: [UInt8]) {
        count = bytes.count
        var cursor = ByteCursor(bytes)
        while !cursor.isAtEnd { take(&cursor) }
        steps += cursor.steps
        endsInOpenBox = markers.last { $0.kind == .box }.map { $0.boxEnd == nil } ?? false
        markers.removeAll { $0.kind == .box && $0.boxEnd == nil }
    }

    /// The span of a marker's answer: from its end to the next marker, and not beyond its own box.
    func window(_ index: Int) -> Range<Int> {
        let marker = markers[index]
        var end = marker.boxEnd ?? count
        if index + 1 < markers.count { end = min(end, markers[index + 1].start) }
        return marker.contentStart..<max(end, marker.contentStart)
    }

    private mutating func take(_ cursor: inout ByteCursor) {
        switch cursor.next {
        case UInt8(ascii: "\\"): takeCommand(&cursor)
        case UInt8(ascii: "{"):
            open.append(nil)
            cursor.advance()
        case UInt8(ascii: "}"):
            if let box = open.popLast() ?? nil { markers[box].boxEnd = cursor.position }
            cursor.advance()
        case UInt8(ascii: "#"): takeHashes(&cursor)
        case UInt8(ascii: "a"), UInt8(ascii: "A"): takePhrase(&cursor)
        default: cursor.advance()
        }
    }

    private mutating func takeCommand(_ cursor: inout ByteCursor) {
        let start = cursor.position
        guard cursor.skip("\\boxed") || cursor.skip("\\fbox"), !cursor.next.isLetter else {
            // An escaped brace or backslash neither opens nor closes a group.
            if cursor.position == start { cursor.advance(2) }
            return
        }
        cursor.skip { $0.isWhitespace }
        let isBraced = cursor.skip("{")
        if isBraced { open.append(markers.count) }
        let end = isBraced ? nil : bareEnd(cursor)
        markers.append(Marker(kind: .box, start: start, contentStart: cursor.position, boxEnd: end))
    }

    /// Without braces, the box holds the rest of its formula or line, up to 256 bytes and the next box.
    private mutating func bareEnd(_ start: ByteCursor) -> Int {
        var cursor = start
        while !cursor.isAtEnd, cursor.position - start.position < 256, cursor.next != UInt8(ascii: "$"),
            cursor.next != UInt8(ascii: "\n"), !cursor.startsWith("\\boxed"), !cursor.startsWith("\\fbox")
        {
            cursor.advance()
        }
        steps += cursor.position - start.position
        return cursor.position
    }

    private mutating func takeHashes(_ cursor: inout ByteCursor) {
        let start = cursor.position
        cursor.skip { $0 == UInt8(ascii: "#") }
        if cursor.position - start >= 4 {
            markers.append(Marker(kind: .hashes, start: start, contentStart: cursor.position))
        }
    }

    private mutating func takePhrase(_ cursor: inout ByteCursor) {
        let start = cursor.position
        guard cursor.word(limit: 6) == "answer" else { return cursor.advance() }
        cursor.advance(6)
        let wordEnd = cursor.position
        for _ in 0..<6 where cursor.next.isWhitespace || cursor.next.isEmphasis { cursor.advance() }
        if cursor.next == UInt8(ascii: ":") {
            cursor.advance()
        } else if cursor.position > wordEnd, cursor.word(limit: 2) == "is" {
            cursor.advance(2)
        } else {
            return cursor.rewind(to: wordEnd)
        }
        markers.append(Marker(kind: .phrase, start: start, contentStart: cursor.position))
    }
}
