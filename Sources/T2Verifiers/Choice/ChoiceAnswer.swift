/// The letter that answers a multiple-choice question.
///
/// An answer is read after the last of the markers `answer is`, `answer:`, `####` and `\boxed{…}` that has one:
/// 1. The full text of an option, up to the end of the sentence, a bracket or a word such as `because`; capitals, white
///    space, punctuation at its end and an article before it are ignored. The longest option that fits counts; if two
///    options have the same text, neither does.
/// 2. A letter that stands alone: `B`, `b`, `(B)`, `B)`, `B.`, `**B**`, `option B`. It wins over an option whose text
///    is that very letter (carbon, `C`), because letters are what the prompt asks for.
/// 3. A capital and words after it, if they do not continue a noun phrase: `B because …`, `B Photosynthesis`, and `B`
///    before the text of option B. In `A dog` and `a dog` it is an article, in `B cells` a part of the name.
/// 4. The number of an option in place of its letter, `2` or `(2)`, where the options are known and none of them is a
///    number.
///
/// Two letters (`A or B`) are not an answer, nor is a letter beyond the options if these are known; an earlier marker
/// does not replace them. A completion that consists of the letter alone needs no marker.
///
/// - Cost: linear in the completion for a bounded number of options.
package struct ChoiceAnswer: Equatable, Sendable {
    /// A capital letter from A to Z.
    package let letter: Character

    /// - Parameters:
    ///   - options: the texts in the order shown as A, B, C…; empty if they are unknown.
    ///   - report: receives numbers of bytes looked at.
    package init?(inCompletion completion: String, options: [String], steps report: (Int) -> Void = { _ in }) {
        let bytes = Array(completion.utf8)
        let markers = AnswerMarkers(bytes)
        report(markers.steps)
        let texts = options.map { ChoiceOption($0) }
        for index in markers.markers.indices.reversed() {
            var reader = ChoiceReader(ByteCursor(bytes, markers.window(index)), options: texts)
            defer { report(reader.steps) }
            switch reader.read() {
            case .letter(let letter): self.init(letter)
            case .invalid: return nil
            case .none: continue
            }
            return
        }
        guard markers.markers.isEmpty else { return nil }
        var reader = ChoiceReader(ByteCursor(bytes), options: texts)
        defer { report(reader.steps) }
        guard let letter = reader.readNothingButLetter() else { return nil }
        self.init(letter)
    }

    /// - Parameter gold: one capital letter; anything else gives nil.
    package init?(_ gold: String) {
        guard let letter = gold.utf8.first, gold.utf8.count == 1, letter.isCapital else { return nil }
        self.init(letter)
    }

    private init(_ letter: UInt8) { self.letter = Character(Unicode.Scalar(letter)) }
}
