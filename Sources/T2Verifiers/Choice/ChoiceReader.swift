/// Reads the choice at the start of a span, after the words and marks that may come before it.
struct ChoiceReader {
    enum Reading: Equatable {
        /// A capital.
        case letter(UInt8)
        /// Two letters, or one beyond the options: an answer that chooses no option.
        case invalid
        case none
    }

    /// A letter as written in the completion.
    private struct Label {
        let letter: UInt8
        /// True if nothing follows that could make the letter a part of a word or an article.
        var standsAlone = true

        var isCapital: Bool { letter.isCapital }
        var capital: UInt8 { isCapital ? letter : letter & ~0x20 }
    }

    private var cursor: ByteCursor
    private let options: [ChoiceOption]
    private var optionSteps = 0

    var steps: Int { cursor.steps + optionSteps }

    init(_ cursor: ByteCursor, options: [ChoiceOption]) {
        self.cursor = cursor
        self.options = options
    }

    mutating func read() -> Reading {
        skipLeadIn()
        let start = cursor
        let match = option(at: start) ?? optionBehindArticle(at: start)
        if let match, options[match].exact.count > 1 { return .letter(letter(match)) }

        let label = readLabel()
        if let label, label.standsAlone || label.isCapital {
            if isFollowedByLetter(other: label) { return .invalid }
            if label.standsAlone, isOffered(label.capital) { return .letter(label.capital) }
        }
        if let match { return .letter(letter(match)) }
        if let label {
            if label.standsAlone { return .invalid }
            return label.isCapital && isContinuedAsLabel(label) ? .letter(label.capital) : .none
        }
        return readNumber().map { .letter($0) } ?? .none
    }

    /// The letter of a span that holds nothing but the letter and marks.
    mutating func readNothingButLetter() -> UInt8? {
        skipLeadIn()
        guard let label = readLabel(), label.standsAlone, isOffered(label.capital) else { return nil }
        cursor.skip { $0.isWhitespace || ").]}*_$\"'`:".utf8.contains($0) }
        return cursor.isAtEnd ? label.capital : nil
    }

    private func letter(_ option: Int) -> UInt8 { UInt8(ascii: "A") + UInt8(option) }

    private func isOffered(_ letter: UInt8) -> Bool {
        options.isEmpty || letter - UInt8(ascii: "A") < options.count
    }

    // MARK: Before the choice

    private static let commands: Set<String> = [
        "bf", "boldsymbol", "fbox", "left", "mathbf", "mathrm", "mbox", "quad", "rm", "text", "textbf", "textit",
        "textrm",
    ]
    private static let nouns: Set<String> = ["option", "choice", "letter"]

    private mutating func skipLeadIn() {
        while !cursor.isAtEnd {
            cursor.skip { $0.isWhitespace || $0.leadsToChoice }
            if cursor.skip(anyOf: ["\u{201C}", "\u{2018}", "\u{A0}", "\u{FF1A}", "\\(", "\\[", "\\,", "\\ "]) {
                continue
            }
            var name = cursor
            if name.skip("\\") {
                guard let word = name.word(), Self.commands.contains(word) else { return }
                cursor.advance(1 + word.utf8.count)
            } else if let word = cursor.word(), Self.nouns.contains(word) {
                cursor.advance(word.utf8.count)
            } else {
                return
            }
        }
    }

    // MARK: Letters

    /// A letter with or without brackets; if there is none here, nil, and the cursor stays.
    private mutating func readLabel() -> Label? {
        let start = cursor.position
        let isOpened = cursor.skip(anyOf: ["(", "[", "\\{"])
        if isOpened { cursor.skip { $0 == UInt8(ascii: " ") || $0.isEmphasis } }
        let letter = cursor.next
        if letter.isLetter {
            cursor.advance()
            if isOpened {
                cursor.skip { $0 == UInt8(ascii: " ") || $0.isEmphasis }
                if cursor.skip(anyOf: [")", "]", "\\}"]) { return Label(letter: letter) }
            } else if !cursor.isInsideWord {
                cursor.skip { $0.isEmphasis }
                if !cursor.isInsideWord { return Label(letter: letter, standsAlone: !cursor.isFollowedByWords) }
            }
        }
        cursor.rewind(to: start)
        return nil
    }

    /// `A or B`, `(A), (B)`, `A/B`.
    private func isFollowedByLetter(other label: Label) -> Bool {
        var rest = self
        rest.cursor.skip { $0 == UInt8(ascii: " ") || ")]}*_$".utf8.contains($0) }
        if !rest.cursor.skip(anyOf: [",", "/", "&", ";"]) {
            guard let word = rest.cursor.word(), word == "or" || word == "and" else { return false }
        }
        rest.cursor.skip { $0 == UInt8(ascii: " ") || $0.isEmphasis }
        if let word = rest.cursor.word(), ["and", "or"].contains(word) { rest.cursor.advance(word.utf8.count) }
        rest.skipLeadIn()
        guard let second = rest.readLabel(), second.capital != label.capital else { return false }
        guard !second.standsAlone else { return second.isCapital || !label.isCapital }
        rest.cursor.skipBlanks()
        return second.isCapital && ["and", "or"].contains(rest.cursor.word())
    }

    /// Words that begin another phrase after a letter or an option's text.
    private static let continuations: Set<String> = [
        "and", "as", "based", "because", "but", "due", "for", "given", "hence", "if", "is", "since", "so", "that",
        "the", "therefore", "thus", "was", "when", "where", "which", "while", "with",
    ]

    private mutating func isContinuedAsLabel(_ label: Label) -> Bool {
        guard isOffered(label.capital) else { return false }
        cursor.skipBlanks()
        if !options.isEmpty, option(at: cursor) == Int(label.capital - UInt8(ascii: "A")) { return true }
        return cursor.next.isCapital || cursor.word().map(Self.continuations.contains) ?? false
    }

    // MARK: Texts and numbers of options

    private mutating func optionBehindArticle(at start: ByteCursor) -> Int? {
        var start = start
        if start.skip(anyOf: ["(", "["]), let match = option(at: start) { return match }
        guard let word = start.word(), ["a", "an", "the"].contains(word) else { return nil }
        start.advance(word.utf8.count)
        guard start.next.isWhitespace else { return nil }
        start.skip { $0.isWhitespace }
        return option(at: start)
    }

    /// The index of the longest option whose whole text is here, as written or else with other capitals; nil if two are
    /// equally long.
    private mutating func option(at start: ByteCursor) -> Int? {
        for ignoringCase in [false, true] {
            let matches = options.prefix(26).enumerated().filter { _, option in
                option.rest(of: start, ignoringCase: ignoringCase, steps: &optionSteps).map(isTextEnd) ?? false
            }
            guard let length = matches.map(\.element.exact.count).max() else { continue }
            let longest = matches.filter { $0.element.exact.count == length }
            return longest.count == 1 ? longest[0].offset : nil
        }
        return nil
    }

    private func isTextEnd(_ end: ByteCursor) -> Bool {
        var rest = end
        guard !rest.isInsideWord else { return false }
        rest.skip { $0.isEmphasis }
        guard !rest.isWordCharacter(at: 0) else { return false }
        guard rest.isFollowedByWords else { return true }
        rest.skipBlanks()
        return rest.word().map(Self.continuations.contains) ?? false
    }

    /// The letter of the option that a number from 1 names; nil if an option is a number itself.
    private mutating func readNumber() -> UInt8? {
        guard !options.isEmpty, !options.contains(where: \.isNumber) else { return nil }
        let isOpened = cursor.skip(anyOf: ["(", "["])
        let digit = cursor.next
        guard digit.isDigit else { return nil }
        cursor.advance()
        guard isOpened ? cursor.skip(anyOf: [")", "]"]) : !cursor.isInsideWord && !cursor.isFollowedByWords else {
            return nil
        }
        let index = Int(digit) - Int(UInt8(ascii: "1"))
        return options.indices.contains(index) ? letter(index) : nil
    }
}

extension ByteCursor {
    /// True if what follows belongs to the same word: a letter, a digit, or one of these after a point, dash or
    /// apostrophe.
    fileprivate var isInsideWord: Bool {
        isWordCharacter(at: 0) || "+^".utf8.contains(next) || startsWith("\u{2019}")
            || "-'.&/\\".utf8.contains(next) && isWordCharacter(at: 1)
    }

    fileprivate func isWordCharacter(at offset: Int) -> Bool {
        let byte = byte(at: offset)
        if byte < 0x80 { return byte.isLetter || byte.isDigit }
        // A scalar has at most four bytes.
        let bytes = (offset..<offset + 4).map { self.byte(at: $0) }
        return String(decoding: bytes, as: UTF8.self).unicodeScalars.first?.properties.isAlphabetic ?? false
    }

    fileprivate var isFollowedByWords: Bool {
        var rest = self
        rest.skipBlanks()
        return rest.position > position
            && (rest.isWordCharacter(at: 0) || "\"'$\\".utf8.contains(rest.next) || rest.startsWith("\u{201C}"))
    }
}
