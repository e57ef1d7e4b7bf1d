/// A decimal number of any length, compared by value: `1,000`, `+1000` and `1000.0` are equal.
struct NumberAnswer: Equatable {
    private let isNegative: Bool
    /// Digits without leading zeros; empty for zero.
    private let whole: ArraySlice<UInt8>
    /// Digits without trailing zeros.
    private let fraction: ArraySlice<UInt8>

    /// The number after the last `#### `; nil if none stands there.
    init?(inCompletion completion: String) {
        let bytes = Array(completion.utf8)
        guard let start = bytes.endOfLast("#### ") else { return nil }
        self.init(prefix: bytes[start...].drop { $0 == UInt8(ascii: " ") })
    }

    /// A text that begins with a number; what follows it is ignored.
    init?(_ text: String) { self.init(prefix: Array(text.utf8)[...]) }

    private init?(prefix: ArraySlice<UInt8>) {
        var rest = prefix
        let sign = rest.first
        let isMinus = sign == UInt8(ascii: "-")
        if isMinus || sign == UInt8(ascii: "+") { rest.removeFirst() }
        guard let first = rest.first, Self.isDigit(first) else { return nil }

        let digitsAndCommas = rest.prefix { Self.isDigit($0) || $0 == UInt8(ascii: ",") }
        rest = rest[digitsAndCommas.endIndex...]
        // A comma at the end belongs to the sentence; one inside groups digits.
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: "."), digitsAndCommas.last != UInt8(ascii: ",") {
            fraction = rest.dropFirst().prefix { Self.isDigit($0) }
        }
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        whole = digitsAndCommas.filter { Self.isDigit($0) }.drop { $0 == UInt8(ascii: "0") }
        self.fraction = fraction
        isNegative = isMinus && !(whole.isEmpty && fraction.isEmpty)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
