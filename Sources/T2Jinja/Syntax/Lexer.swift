/// A token of a template.
struct Token: Sendable {
    enum Kind: Sendable, Equatable {
        /// Text outside of tags.
        case data(TemplateText)
        /// `{%`, `%}`, `{{` and `}}`.
        case blockBegin, blockEnd, outputBegin, outputEnd
        case name(String)
        case text(TemplateText)
        case integer(Int)
        case number(Double)
        case symbol(String)
        case end
    }

    let kind: Kind
    let line: Int
}

/// Cuts a template into tokens, with `trim_blocks` and `lstrip_blocks` on and the last newline dropped, as transformers sets them.
struct Lexer {
    private let source: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var tokens: [Token] = []
    /// Whether what follows is at the start of a line, which counts for white space before a tag.
    private var startsLine = true

    /// - Throws: `TemplateError` (malformed).
    static func tokens(of text: String) throws(TemplateError) -> [Token] {
        var lexer = Lexer(text)
        try lexer.run()
        return lexer.tokens
    }

    private init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        var followsReturn = false
        for scalar in text.unicodeScalars {
            if scalar == "\n", followsReturn {
                followsReturn = false
                continue
            }
            followsReturn = scalar == "\r"
            scalars.append(scalar == "\r" ? "\n" : scalar)
        }
        if scalars.last == "\n" { scalars.removeLast() }
        source = scalars
    }

    private func starts(with text: String, at position: Int? = nil) -> Bool {
        source[min(position ?? index, source.count)...].starts(with: text.unicodeScalars)
    }

    private mutating func advance(_ count: Int) {
        for scalar in source[index..<index + count] where scalar == "\n" { line += 1 }
        if count > 0 { startsLine = source[index + count - 1] == "\n" }
        index += count
    }

    private mutating func add(_ kind: Token.Kind) { tokens.append(Token(kind: kind, line: line)) }

    private mutating func run() throws(TemplateError) {
        while index < source.count {
            let begin = (index..<source.count).first {
                starts(with: "{%", at: $0) || starts(with: "{{", at: $0) || starts(with: "{#", at: $0)
            }
            guard let begin else {
                add(.data(text(index..<source.count)))
                break
            }
            let kind = source[begin + 1]
            let mark = begin + 2 < source.count ? source[begin + 2] : " "
            addData(upTo: begin, kind: kind, mark: mark)
            let opening = line
            advance(mark == "-" || mark == "+" ? 3 : 2)
            switch kind {
            case "#": try skipComment(since: opening)
            case "{":
                add(.outputBegin)
                try readTag(until: "}}", since: opening)
            default:
                guard try !skipRaw(since: opening) else { continue }
                add(.blockBegin)
                try readTag(until: "%}", since: opening)
            }
        }
        add(.end)
    }

    private func text(_ range: Range<Int>) -> TemplateText { TemplateText(units: source[range].map(\.value)) }

    /// Adds the text before a tag, without the white space that the tag takes away.
    private mutating func addData(upTo begin: Int, kind: Unicode.Scalar, mark: Unicode.Scalar) {
        var end = begin
        if mark == "-" {
            while end > index, TemplateText.isSpace(source[end - 1]) { end -= 1 }
        } else if mark != "+", kind != "{" {
            let newline = source[index..<begin].lastIndex(of: "\n")
            let start = newline.map { $0 + 1 } ?? index
            if newline != nil || startsLine, source[start..<begin].allSatisfy(TemplateText.isSpace) { end = start }
        }
        if end > index { add(.data(text(index..<end))) }
        advance(begin - index)
    }

    private mutating func skipSpace() {
        let end = source[index...].firstIndex { !TemplateText.isSpace($0) } ?? source.count
        advance(end - index)
    }

    /// Passes the end of a block or comment, and the newline after it.
    private mutating func passEnd(_ end: String) -> Bool {
        if starts(with: "-" + end) {
            advance(3)
            skipSpace()
        } else if starts(with: "+" + end) {
            advance(3)
        } else if starts(with: end) {
            advance(2)
            if end != "}}", index < source.count, source[index] == "\n" { advance(1) }
        } else {
            return false
        }
        return true
    }

    private mutating func skipComment(since opening: Int) throws(TemplateError) {
        while index < source.count {
            if passEnd("#}") { return }
            advance(1)
        }
        throw TemplateError(.malformed, "a comment has no end", line: opening)
    }

    /// Passes `raw … endraw`, whose text is no template.
    private mutating func skipRaw(since opening: Int) throws(TemplateError) -> Bool {
        var ahead = self
        ahead.skipSpace()
        guard ahead.starts(with: "raw") else { return false }
        ahead.advance(3)
        ahead.skipSpace()
        guard ahead.passEnd("%}") else { return false }
        self = ahead
        let start = index
        while index < source.count {
            guard starts(with: "{%") else {
                advance(1)
                continue
            }
            var closing = self
            closing.advance(2)
            let mark = closing.index < source.count ? source[closing.index] : " "
            if mark == "-" || mark == "+" { closing.advance(1) }
            closing.skipSpace()
            guard closing.starts(with: "endraw") else {
                advance(1)
                continue
            }
            closing.advance(6)
            closing.skipSpace()
            guard closing.passEnd("%}") else { throw TemplateError(.malformed, "endraw has no end", line: opening) }
            let raw = text(start..<index)
            closing.tokens.append(Token(kind: .data(mark == "-" ? raw.strippedRight() : raw), line: line))
            self = closing
            return true
        }
        throw TemplateError(.malformed, "raw has no endraw", line: opening)
    }

    // MARK: - Tokens of a tag

    private static let symbols = [
        "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", ".", ":", "|", ",", ";", "(",
        ")", "[", "]", "{", "}",
    ]

    private mutating func readTag(until end: String, since opening: Int) throws(TemplateError) {
        var open: [String] = []
        while true {
            let space = source[index...].firstIndex { !TemplateText.isSpace($0) } ?? source.count
            advance(space - index)
            guard index < source.count else { throw TemplateError(.malformed, "a tag has no end", line: opening) }
            let before = line
            if open.isEmpty, passEnd(end) {
                tokens.append(Token(kind: end == "}}" ? .outputEnd : .blockEnd, line: before))
                return
            }
            let scalar = source[index]
            if scalar == "'" || scalar == "\"" {
                let text = try readText(scalar)
                tokens.append(Token(kind: .text(text), line: before))
            } else if ("0"..."9").contains(scalar) {
                try readNumber()
            } else if Self.isNamePart(scalar) {
                let stop = source[index...].firstIndex { !Self.isNamePart($0) } ?? source.count
                add(.name(text(index..<stop).string))
                advance(stop - index)
            } else if let symbol = Self.symbols.first(where: { starts(with: $0) }) {
                switch symbol {
                case "(", "[", "{": open.append(symbol)
                case ")", "]", "}":
                    guard open.popLast() == ["(": "(", ")": "(", "]": "[", "}": "{"][symbol] else {
                        throw TemplateError(.malformed, "'\(symbol)' closes nothing", line: line)
                    }
                default: break
                }
                add(.symbol(symbol))
                advance(symbol.unicodeScalars.count)
            } else {
                throw TemplateError(.malformed, "'\(scalar)' is no part of an expression", line: line)
            }
        }
    }

    private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.generalCategory == .decimalNumber
    }

    private mutating func readNumber() throws(TemplateError) {
        func digits(from start: Int) -> Int {
            var end = start
            while end < source.count, ("0"..."9").contains(source[end]) || (source[end] == "_" && end > start) {
                end += 1
            }
            return end
        }
        var end = digits(from: index)
        var isWhole = true
        if end + 1 < source.count, source[end] == ".", ("0"..."9").contains(source[end + 1]) {
            end = digits(from: end + 1)
            isWhole = false
        }
        if end < source.count, source[end] == "e" || source[end] == "E" {
            let sign = end + 1 < source.count && (source[end + 1] == "-" || source[end + 1] == "+") ? 1 : 0
            let stop = digits(from: end + 1 + sign)
            if stop > end + 1 + sign { (end, isWhole) = (stop, false) }
        }
        let written = text(index..<end).string.filter { $0 != "_" }
        if isWhole, let value = Int(written) {
            add(.integer(value))
        } else if !isWhole, let value = Double(written) {
            add(.number(value))
        } else {
            throw TemplateError(.malformed, "'\(written)' is too large a number", line: line)
        }
        advance(end - index)
    }

    /// Reads a text in quotes, with Python's escapes.
    private mutating func readText(_ quote: Unicode.Scalar) throws(TemplateError) -> TemplateText {
        let opening = line
        var scalars: [Unicode.Scalar] = []
        advance(1)
        while index < source.count {
            let scalar = source[index]
            if scalar == quote {
                advance(1)
                return TemplateText(units: scalars.map(\.value))
            }
            guard scalar == "\\", index + 1 < source.count else {
                scalars.append(scalar)
                advance(1)
                continue
            }
            let escape = source[index + 1]
            if let plain = Self.escapes[escape] {
                scalars += plain
                advance(2)
            } else if let digits = ["x": 2, "u": 4, "U": 8][escape] {
                let written = source[(index + 2)...].prefix(digits)
                guard written.count == digits,
                    let value = UInt32(TemplateText(units: written.map(\.value)).string, radix: 16),
                    let scalar = Unicode.Scalar(value)
                else { throw TemplateError(.malformed, "an escape \\\(escape) has no scalar", line: line) }
                scalars.append(scalar)
                advance(2 + digits)
            } else if ("0"..."7").contains(escape) {
                let written = source[(index + 1)...].prefix(3).prefix { ("0"..."7").contains($0) }
                let value = written.reduce(UInt32(0)) { $0 * 8 + $1.value - 48 }
                scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
                advance(1 + written.count)
            } else {
                scalars += [scalar, escape]
                advance(2)
            }
        }
        throw TemplateError(.malformed, "a text in quotes has no end", line: opening)
    }

    private static let escapes: [Unicode.Scalar: [Unicode.Scalar]] = [
        "\n": [], "\\": ["\\"], "'": ["'"], "\"": ["\""], "a": ["\u{7}"], "b": ["\u{8}"], "f": ["\u{C}"], "n": ["\n"],
        "r": ["\r"], "t": ["\t"], "v": ["\u{B}"],
    ]
}
