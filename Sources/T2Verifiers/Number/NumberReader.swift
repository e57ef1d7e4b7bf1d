/// Reads the number at the start of a span, after the words and marks that may come before it; linear in the span.
struct NumberReader {
    var cursor: ByteCursor
    /// True if a line ended before the number: a dash is then a bullet, unless a digit follows at once.
    private var crossedLine = false

    init(_ cursor: ByteCursor) { self.cursor = cursor }

    /// Nil if the span does not begin with a number.
    mutating func read() -> NumberAnswer? {
        while true {
            guard skipLeadIn() else { return nil }
            let start = cursor.position
            guard let value = readSigned() else { return nil }
            let text = cursor.text(from: start)
            switch readContinuation() {
            case .none: return NumberAnswer(text: text, value: value)
            case .result: continue
            case .invalid: return nil
            }
        }
    }

    private static let fillers: Set<String> = [
        "a", "about", "almost", "approx", "approximately", "around", "be", "equal", "equals", "exactly", "is", "just",
        "nearly", "of", "only", "roughly", "simply", "so", "still", "then", "therefore", "thus", "to", "total",
        "aud", "cad", "chf", "eur", "gbp", "inr", "jpy", "rs", "us", "usd",
    ]
    private static let commands: Set<String> = [
        "approx", "bf", "bfseries", "bigl", "bold", "boldsymbol", "displaystyle", "fbox", "large", "left", "mathbf",
        "mathit", "mathrm", "mbox", "pounds", "quad", "qquad", "rm", "text", "textbf", "textdollar", "textit",
        "textrm", "therefore", "underline",
    ]
    private static let signs: [StaticString] = [
        "\u{A0}", "\u{202F}", "\u{2009}", "≈", "€", "£", "¥", "₹", "“", "”", "‘", "’", "：",
        "\\$", "\\(", "\\[", "\\,", "\\!", "\\;", "\\:", "\\ ",
    ]
    private static let marks = Set("*_`\"':~=$([{}>#".utf8)

    /// False if the text here does not lead to a number.
    private mutating func skipLeadIn() -> Bool {
        while !cursor.isAtEnd {
            let byte = cursor.next
            if byte.isWhitespace || Self.marks.contains(byte) {
                if byte == UInt8(ascii: "\n") { crossedLine = true }
                cursor.advance()
            } else if cursor.skip(anyOf: Self.signs) {
                continue
            } else if byte.isLetter {
                guard skipFiller() || skipAssignment() else { return false }
            } else if byte == UInt8(ascii: "\\"), !isFraction {
                guard skipCommand() else { return false }
            } else {
                return true
            }
        }
        return false
    }

    private mutating func skipFiller() -> Bool {
        guard let word = cursor.word(), Self.fillers.contains(word) else { return false }
        let length = word.utf8.count
        // `a = 5` and `a_1 = 5` are assignments; the point of `Rs.5` and `approx. 5` does not belong to the number.
        if length == 1, cursor.byte(at: 1) != UInt8(ascii: " ") { return false }
        if cursor.byte(at: length) == UInt8(ascii: "'") { return false }
        cursor.advance(length)
        if cursor.next == UInt8(ascii: "."), ["rs", "approx"].contains(word) { cursor.advance() }
        return true
    }

    /// A short left side of letters and its `=`: `x = 5`, `\text{Total} = 5`.
    private mutating func skipAssignment() -> Bool {
        let start = cursor.position
        while cursor.position - start < 32 {
            let byte = cursor.next
            if byte == UInt8(ascii: "=") {
                cursor.advance()
                return true
            }
            guard byte.isLetter || " _{}()\\".utf8.contains(byte) else { break }
            cursor.advance()
        }
        cursor.rewind(to: start)
        return false
    }

    private mutating func skipCommand() -> Bool {
        var name = cursor
        name.advance()
        guard let word = name.word() else { return false }
        // In `\text{Total} = 5` the command's text is the left side.
        guard Self.commands.contains(word) else { return skipAssignment() }
        cursor.advance(1 + word.utf8.count)
        return true
    }

    private static let fractions: [StaticString] = ["\\frac", "\\dfrac", "\\tfrac", "\\cfrac"]

    private var isFraction: Bool { Self.fractions.contains(where: cursor.startsWith) }

    private mutating func readSigned() -> NumberValue? {
        var isNegative = false
        if let sign = readSign() {
            isNegative = sign
            let signEnd = cursor.position
            cursor.skipBlanks()
            if crossedLine, cursor.position > signEnd { return nil }
            while cursor.skip(anyOf: ["\\$", "$", "€", "£", "¥", "₹", "\\,", "\\!", "{", " "]) {}
        }
        guard let value = readUnsigned() else { return nil }
        return isNegative ? value.negated : value
    }

    /// True for minus, false for plus, nil for no sign.
    private mutating func readSign() -> Bool? {
        if cursor.skip(anyOf: ["-", "\u{2212}", "\u{2013}"]) { return true }
        return cursor.skip("+") ? false : nil
    }

    private mutating func readUnsigned() -> NumberValue? {
        if isFraction { return readFraction() }
        guard let (first, isInteger) = readDecimal() else { return nil }
        var value = first
        if isInteger, let fraction = readMixedPart() {
            guard let mixed = NumberValue(first, and: fraction) else { return nil }
            value = mixed
        } else if skipSlash() {
            guard let (denominator, _) = readDecimal(), let quotient = NumberValue(first, over: denominator) else {
                return nil
            }
            if cursor.next == UInt8(ascii: "/"), cursor.byte(at: 1).isDigit { return nil }
            value = quotient
        } else if let exponent = readExponent(afterTen: first == Self.ten) {
            value = first.scaled(byPowerOfTen: exponent)
        }
        skipPercent()
        return value.scaled(byPowerOfTen: readScaleWord())
    }

    private static let ten = NumberValue(whole: [UInt8(ascii: "1"), UInt8(ascii: "0")])

    /// Digits with thousands separators and a decimal point.
    private mutating func readDecimal() -> (value: NumberValue, isInteger: Bool)? {
        let start = cursor.position
        cursor.skip { $0.isDigit }
        if (1...3).contains(cursor.position - start), cursor.bytes[start] != UInt8(ascii: "0") {
            while skipThousands() {}
        }
        let wholeEnd = cursor.position
        if cursor.next == UInt8(ascii: "."), cursor.byte(at: 1).isDigit {
            cursor.advance()
            cursor.skip { $0.isDigit }
            // A version or a date.
            if cursor.next == UInt8(ascii: "."), cursor.byte(at: 1).isDigit { return nil }
        }
        guard cursor.position > start else { return nil }
        let value = NumberValue(
            whole: cursor.bytes[start..<wholeEnd], fraction: cursor.bytes[wholeEnd..<cursor.position])
        return (value, wholeEnd == cursor.position)
    }

    /// A separator and exactly three digits.
    private mutating func skipThousands() -> Bool {
        let start = cursor.position
        guard cursor.skip(anyOf: ["{,}", ",\\!", "\\!,\\!", "{\\,}", "\\,", "\u{202F}", ","]) else { return false }
        if (0..<3).allSatisfy({ cursor.byte(at: $0).isDigit }), !cursor.byte(at: 3).isDigit {
            cursor.advance(3)
            return true
        }
        cursor.rewind(to: start)
        return false
    }

    /// `\frac{3}{4}`, also `\frac34`.
    private mutating func readFraction() -> NumberValue? {
        guard cursor.skip(anyOf: Self.fractions), let numerator = readArgument(), let denominator = readArgument()
        else { return nil }
        return NumberValue(numerator, over: denominator)
    }

    private mutating func readArgument() -> NumberValue? {
        cursor.skipBlanks()
        if cursor.next.isDigit {
            defer { cursor.advance() }
            return NumberValue(whole: [cursor.next])
        }
        guard cursor.skip("{") else { return nil }
        cursor.skipBlanks()
        let isNegative = readSign() ?? false
        guard let (value, _) = readDecimal() else { return nil }
        cursor.skipBlanks()
        guard cursor.skip("}") else { return nil }
        return isNegative ? value.negated : value
    }

    /// The `1/2` of `3 1/2`, or the `\frac12` of `3\frac12`.
    private mutating func readMixedPart() -> NumberValue? {
        let start = cursor.position
        cursor.skipBlanks()
        if isFraction, let fraction = readFraction() { return fraction }
        if cursor.position > start, cursor.next.isDigit {
            let numerator = readDigits()
            if cursor.next == UInt8(ascii: "/"), cursor.byte(at: 1).isDigit {
                cursor.advance()
                if let part = NumberValue(numerator, over: readDigits()) { return part }
            }
        }
        cursor.rewind(to: start)
        return nil
    }

    private mutating func readDigits() -> NumberValue {
        let start = cursor.position
        cursor.skip { $0.isDigit }
        return NumberValue(whole: cursor.bytes[start..<cursor.position])
    }

    /// Skips a slash if a denominator follows it.
    private mutating func skipSlash() -> Bool {
        let start = cursor.position
        cursor.skipBlanks()
        if cursor.skip("/") {
            cursor.skipBlanks()
            if cursor.next.isDigit || (cursor.next == UInt8(ascii: ".") && cursor.byte(at: 1).isDigit) { return true }
        }
        cursor.rewind(to: start)
        return false
    }
}
