/// The letter of a multiple choice.
struct ChoiceAnswer: Equatable {
    static let letters = UInt8(ascii: "A")...UInt8(ascii: "Z")

    private let letter: UInt8

    /// The capital letter after the last `answer is `, in parentheses or not; nil if none stands there alone.
    init?(inCompletion completion: String) {
        let bytes = Array(completion.utf8)
        guard let start = bytes.endOfLast("answer is ") else { return nil }
        var rest = bytes[start...]
        let isOpened = rest.first == UInt8(ascii: "(")
        if isOpened { rest.removeFirst() }
        guard let letter = rest.popFirst(), Self.letters.contains(letter) else { return nil }
        if isOpened {
            guard rest.first == UInt8(ascii: ")") else { return nil }
        } else if Self.beginsWithLetter(rest) {
            return nil
        }
        self.letter = letter
    }

    init?(_ answer: String) {
        guard let letter = answer.utf8.first, answer.utf8.count == 1 else { return nil }
        self.letter = letter
    }

    private static func beginsWithLetter(_ bytes: ArraySlice<UInt8>) -> Bool {
        // One scalar takes at most four bytes.
        let next = String(decoding: bytes.prefix(4), as: UTF8.self).unicodeScalars.first
        return next?.properties.isAlphabetic ?? false
    }
}
