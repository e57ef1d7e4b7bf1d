/// Reads powers of ten and percent signs after a number.
extension NumberReader {
    /// Larger exponents count as this one, because such a number differs from every answer of a task anyway.
    private static let largestExponent = 999_999_999

    /// The exponent in `e3`, `× 10^3`, or the `^3` of `10^3`; if there is none here, nil, and the cursor stays.
    ///
    /// - Parameter isTen: true if the number just read is 10.
    mutating func readExponent(afterTen isTen: Bool) -> Int? {
        let start = cursor.position
        if isTen, cursor.skip("^"), let exponent = readPower() { return exponent - 1 }
        cursor.rewind(to: start)
        if cursor.skip(anyOf: ["e", "E"]), let exponent = readPlainPower(), !cursor.next.isLetter { return exponent }
        cursor.rewind(to: start)
        cursor.skipBlanks()
        if cursor.skip(anyOf: ["×", "x", "X", "*", "\\times", "\\cdot", "·"]) {
            cursor.skipBlanks()
            if cursor.skip("10^"), let exponent = readPower() { return exponent }
        }
        cursor.rewind(to: start)
        return nil
    }

    private mutating func readPower() -> Int? {
        guard cursor.skip("{") else { return readPlainPower() }
        cursor.skipBlanks()
        guard let power = readPlainPower() else { return nil }
        cursor.skipBlanks()
        return cursor.skip("}") ? power : nil
    }

    private mutating func readPlainPower() -> Int? {
        let isNegative = cursor.skip(anyOf: ["-", "\u{2212}"])
        if !isNegative { _ = cursor.skip("+") }
        guard cursor.next.isDigit else { return nil }
        var power = 0
        while cursor.next.isDigit {
            power = min(power * 10 + Int(cursor.next - UInt8(ascii: "0")), Self.largestExponent)
            cursor.advance()
        }
        return isNegative ? -power : power
    }

    mutating func skipPercent() {
        let start = cursor.position
        cursor.skipBlanks()
        if cursor.skip(anyOf: ["%", "\\%"]) { return }
        if cursor.word() == "percent" { return cursor.advance(7) }
        cursor.rewind(to: start)
    }

    /// The power of ten of a scale word; if there is none here, 0, and the cursor stays.
    mutating func readScaleWord() -> Int {
        let start = cursor.position
        cursor.skipBlanks()
        if cursor.skip("\\text{") { cursor.skipBlanks() }
        let powers = ["thousand": 3, "million": 6, "billion": 9, "trillion": 12]
        if let word = cursor.word(), let power = powers[word] {
            cursor.advance(word.utf8.count)
            return power
        }
        cursor.rewind(to: start)
        return 0
    }
}
