/// Splits a LaTeX answer into tokens.
///
/// A comma groups thousands if it is outside of brackets, no space follows, and every group has three digits: `1,234`;
/// `{,}`, `,\!` and `\,` group anywhere. Otherwise it separates items: `1, 234`, `(1,234)`, `10,100,1000`.
///
/// - Cost: linear; the argument of `\text` is read twice.
struct LatexLexer {
    private let characters: [Character]
    private var position = 0
    private var tokens: [LatexToken] = []
    private var isSpaced = false
    /// Open brackets other than `{`.
    private var bracketDepth = 0
    private var environmentDepth = 0

    static func tokens(of text: String) -> [LatexToken] {
        var lexer = LatexLexer(characters: Array(text))
        while lexer.position < lexer.characters.count { lexer.take() }
        while let last = lexer.tokens.last, [.symbol("."), .symbol(","), .symbol(";")].contains(last.kind) {
            lexer.tokens.removeLast()
        }
        return lexer.tokens
    }

    private func character(_ offset: Int = 0) -> Character {
        position + offset < characters.count ? characters[position + offset] : "\0"
    }

    private mutating func add(_ kind: LatexToken.Kind) {
        tokens.append(LatexToken(kind: kind, isSpaced: isSpaced))
        isSpaced = false
    }

    private func starts(with spelling: String) -> Bool { characters[position...].starts(with: spelling) }

    /// Takes the first of the spellings that is here.
    private mutating func skip(_ spellings: String...) -> Bool {
        guard let spelling = spellings.first(where: starts(with:)) else { return false }
        position += spelling.count
        return true
    }

    private mutating func take(while condition: (Character) -> Bool) -> String {
        let run = characters[position...].prefix(while: condition)
        position = run.endIndex
        return String(run)
    }

    private mutating func take() {
        let next = character()
        if next.isWhitespace || next == "~" {
            isSpaced = true
            position += 1
        } else if next == "\\" {
            takeCommand()
        } else if next.isASCIIDigit || (next == "." && character(1).isASCIIDigit) {
            takeNumber()
        } else if next.isASCII, next.isLetter {
            takeLetters()
        } else {
            position += 1
            takeSymbol(next)
        }
    }

    private mutating func takeSymbol(_ next: Character) {
        switch next {
        case "$", "%", "€", "£", "¥", "₹": break
        case "°": takeDegree()
        case "√": add(.command("sqrt"))
        case "^" where skip("\\circ", "{\\circ}", "\\degree", "{\\degree}"): takeDegree()
        case "<" where skip("="): add(.symbol("≤"))
        case ">" where skip("="): add(.symbol("≥"))
        case "*" where skip("*"): add(.symbol("^"))
        default:
            if let name = LatexVocabulary.characterNames[next] { return add(.letter(name)) }
            let symbol = LatexVocabulary.characters[next] ?? next
            if "([".contains(symbol) { bracketDepth += 1 }
            if ")]".contains(symbol) { bracketDepth -= 1 }
            if symbol.isLetter { add(.letter(String(symbol))) } else { add(.symbol(symbol)) }
        }
    }

    /// Degrees, degrees Celsius and degrees Fahrenheit.
    private mutating func takeDegree() {
        add(.degree)
        let space = character().isWhitespace ? 1 : 0
        if "CF".contains(character(space)), !character(space + 1).isLetter { position += space + 1 }
    }

    // MARK: Numbers

    private mutating func takeNumber() {
        var digits = take(while: \.isASCIIDigit)
        if digits.count <= 3, digits.first != "0", !digits.isEmpty { digits += takeThousands() }
        if character() == ".", character(1).isASCIIDigit || character(1) == "\\" {
            let start = position
            position += 1
            let fraction = take(while: \.isASCIIDigit)
            let period = takePeriod()
            if fraction.isEmpty, period.isEmpty {
                position = start
            } else {
                digits = (digits.isEmpty ? "0" : digits) + ".\(fraction)" + (period.isEmpty ? "" : "(\(period))")
            }
        }
        add(.number(digits))
    }

    /// The digits of `\overline{…}`.
    private mutating func takePeriod() -> String {
        let start = position
        if skip("\\overline{") {
            let digits = take(while: \.isASCIIDigit)
            if !digits.isEmpty, skip("}") { return digits }
        }
        position = start
        return ""
    }

    private mutating func takeThousands() -> String {
        let start = position
        var digits = ""
        while let separator = thousandsSeparator() {
            position += separator
            digits += take(while: \.isASCIIDigit)
        }
        // If one group does not have three digits, the commas separate the items of a list.
        if character() == ",", character(1).isASCIIDigit {
            position = start
            return ""
        }
        return digits
    }

    /// The length of the separator here if exactly three digits follow it.
    private func thousandsSeparator() -> Int? {
        for spelling in ["{,}", ",\\!", "\\!,", "{\\,}", "\\,", "\\!", ","] where starts(with: spelling) {
            let length = spelling.count
            guard spelling != "," || (bracketDepth <= 0 && environmentDepth == 0) else { return nil }
            let isGroup = (0..<3).allSatisfy { character(length + $0).isASCIIDigit }
            return isGroup && !character(length + 3).isASCIIDigit ? length : nil
        }
        return nil
    }

    // MARK: Words

    private mutating func takeLetters() {
        let word = take { $0.isASCII && $0.isLetter }
        let folded = word.lowercased()
        if folded == "or" || folded == "and" {
            add(.symbol(","))
        } else if LatexVocabulary.units.contains(folded), followsValue {
            add(.text(folded))
        } else if LatexVocabulary.plainNames.contains(word) {
            addCommand(LatexVocabulary.synonyms[word] ?? word)
        } else {
            for letter in word { add(.letter(String(letter))) }
        }
    }

    private var followsValue: Bool {
        switch tokens.last?.kind {
        case .number, .text, .degree, .symbol("}"), .symbol(")"): true
        default: false
        }
    }

    private mutating func addCommand(_ name: String) {
        add(LatexVocabulary.commands.contains(name) ? .command(name) : .letter(name))
    }

    private mutating func takeText(mathRoman: Bool) {
        let start = position
        _ = take(while: \.isWhitespace)
        let opening = position
        guard let content = takeGroup() else {
            position = start
            return
        }
        // Numbers and formulas in a text are read as if they were outside of it.
        if content.contains(where: { $0.isASCIIDigit || "()[]\\$".contains($0) }) {
            position = opening
            return
        }
        let words = content.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
        let bare = words.filter { $0.isLetter }
        if ["or", "and"].contains(bare) || (bare.isEmpty && words.contains(",")) {
            add(.symbol(","))
        } else if ["e", "i"].contains(bare) {
            add(.letter(bare))
        } else if mathRoman, LatexVocabulary.functions.contains(bare) {
            add(.command(bare))
        } else if bare.count == 1, words == bare {
            add(.text(content.filter(\.isLetter)))
        } else if !bare.isEmpty {
            add(.text(words))
        }
    }

    /// The content of `{…}`; if there is none here or it does not close, nil, and the position stays.
    private mutating func takeGroup() -> String? {
        guard character() == "{" else { return nil }
        var depth = 0
        for index in position..<characters.count {
            if characters[index] == "{" { depth += 1 }
            if characters[index] == "}" { depth -= 1 }
            if depth == 0 {
                defer { position = index + 1 }
                return String(characters[position + 1..<index])
            }
        }
        return nil
    }

    // MARK: Commands

    private mutating func takeCommand() {
        position += 1
        if skip("\\") {
            // Outside of a matrix a double backslash is an escaped backslash or the end of a line.
            if environmentDepth > 0 { return add(.newRow) }
            guard character().isLetter else {
                isSpaced = true
                return
            }
        }
        let written = takeName()
        let name = LatexVocabulary.synonyms[written] ?? written
        switch name {
        case "{":
            bracketDepth += 1
            add(.openSet)
        case "}":
            bracketDepth -= 1
            add(.closeSet)
        case "lbrace", "rbrace": add(name == "lbrace" ? .openSet : .closeSet)
        case "|", "lVert", "rVert", "Vert": add(.symbol("‖"))
        case "begin", "end": takeEnvironment(begins: name == "begin")
        case "circ" where tokens.last?.kind == .symbol("^"):
            tokens.removeLast()
            takeDegree()
        case "degree": takeDegree()
        case "not" where skip("="): add(.symbol("≠"))
        case "left", "right": _ = skip(".")
        case " ", ",", ";", ":", ">", "quad", "qquad", "space", "thinspace": isSpaced = true
        case _ where LatexVocabulary.ignored.contains(name): break
        case _ where LatexVocabulary.text.contains(name):
            takeText(mathRoman: name == "mathrm" || name == "operatorname")
        default:
            if let symbol = LatexVocabulary.symbols[name] { add(.symbol(symbol)) } else { addCommand(name) }
        }
    }

    /// The letters of a command, or its one other character.
    private mutating func takeName() -> String {
        let letters = take { $0.isASCII && $0.isLetter }
        guard letters.isEmpty, position < characters.count else { return letters }
        defer { position += 1 }
        return String(character())
    }

    /// Takes `\begin{name}` or `\end{name}`; the column specification of an array is skipped as layout.
    private mutating func takeEnvironment(begins: Bool) {
        guard let name = takeGroup() else { return }
        environmentDepth = max(0, environmentDepth + (begins ? 1 : -1))
        if begins, name == "array" { _ = takeGroup() }
        add(begins ? .begin(name) : .end(name))
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
