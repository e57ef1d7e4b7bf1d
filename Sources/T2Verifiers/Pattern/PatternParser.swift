/// Parses a regular expression in the syntax of `TextPattern`.
struct PatternParser {
    private typealias Instruction = TextPattern.Instruction

    /// The largest number of instructions; counted repetitions are written out, so that a short pattern may have many.
    private static let longestProgram = 4096
    private static let deepestNesting = 100

    private let pattern: String
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var ignoresCase = false
    private var anchorsMatchLines = false
    private var dotMatchesLineFeed = false

    init(_ pattern: String) {
        self.pattern = pattern
        scalars = Array(pattern.unicodeScalars)
    }

    mutating func program() throws(PatternError) -> [TextPattern.Instruction] {
        try readFlags()
        let program = try alternatives()
        if position < scalars.count { throw flaw("a ) closes no group; write \\) for the character itself") }
        return program + [.match]
    }

    // Grammar, from the loosest binding to the tightest.

    private mutating func alternatives() throws(PatternError) -> [Instruction] {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.deepestNesting {
            throw flaw("groups are nested more than \(Self.deepestNesting) deep; use fewer")
        }
        // A loop instead of recursion, because a pattern may have many alternatives.
        var pieces = [try sequence()]
        while take("|") { pieces.append(try sequence()) }
        var result = pieces.removeLast()
        while let piece = pieces.popLast() {
            result = try bounded([.either(1, piece.count + 2)] + piece + [.jump(result.count + 1)] + result)
        }
        return result
    }

    private mutating func sequence() throws(PatternError) -> [Instruction] {
        var result: [Instruction] = []
        while let next = peek, next != "|", next != ")" {
            var piece = try atom()
            while let count = try repetition() {
                let isLazy = take("?")
                piece = try repetitions(of: piece, count, isLazy: isLazy)
            }
            result = try bounded(result + piece)
        }
        return result
    }

    private mutating func atom() throws(PatternError) -> [Instruction] {
        let scalar = scalars[position]
        position += 1
        switch scalar {
        case "(":
            if take("?") { guard take(":") else { throw flaw(unsupportedGroup) } }
            let body = try alternatives()
            guard take(")") else { throw flaw("a group is not closed; write \\( for the character itself") }
            return body
        case "[": return [.scalar(try bracketed())]
        case ".":
            return [.scalar(dotMatchesLineFeed ? ScalarSet(isNegated: true) : set([.range(10...10)], negated: true))]
        case "^": return [.require(anchorsMatchLines ? .lineStart : .textStart)]
        case "$": return [.require(anchorsMatchLines ? .lineEnd : .textEnd)]
        case "*", "+", "?": throw flaw("nothing comes before \(scalar); write \\\(scalar) for the character itself")
        case "\\":
            if take("b") { return [.require(.wordBoundary)] }
            if take("B") { return [.require(.noWordBoundary)] }
            if take("A") { return [.require(.textStart)] }
            if take("z") { return [.require(.textEnd)] }
            return [.scalar(set([try escaped()]))]
        default: return [.scalar(set([.range(scalar.value...scalar.value)]))]
        }
    }

    private mutating func escaped() throws(PatternError) -> ScalarSet.Member {
        guard let scalar = peek else { throw flaw("it ends with a backslash; write \\\\ for the character itself") }
        position += 1
        switch scalar {
        case "d", "D": return .digit(scalar == "d")
        case "w", "W": return .word(scalar == "w")
        case "s", "S": return .space(scalar == "s")
        case "n": return .range(10...10)
        case "r": return .range(13...13)
        case "t": return .range(9...9)
        default:
            if ScalarSet.isWord(scalar) { throw flaw(Self.unsupportedEscape(scalar)) }
            return .range(scalar.value...scalar.value)
        }
    }

    private mutating func bracketed() throws(PatternError) -> ScalarSet {
        let isNegated = take("^")
        var members: [ScalarSet.Member] = []
        var isFirst = true
        while let scalar = peek, isFirst || scalar != "]" {
            isFirst = false
            let low = try bracketMember()
            if case .range(let start) = low, peek == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
                position += 1
                guard case .range(let end) = try bracketMember(), start.lowerBound <= end.upperBound else {
                    throw flaw("a range in [ ] ends before it starts")
                }
                members.append(.range(start.lowerBound...end.upperBound))
            } else {
                members.append(low)
            }
        }
        guard take("]") else { throw flaw("a [ is not closed; write \\[ for the character itself") }
        return set(members, negated: isNegated)
    }

    private mutating func bracketMember() throws(PatternError) -> ScalarSet.Member {
        let scalar = scalars[position]
        position += 1
        if scalar == "[", peek == ":", scalars[position...].dropFirst().contains(":") {
            throw flaw("classes such as [[:alpha:]] are not supported; write \\d, \\w, \\s or a range such as [a-z]")
        }
        return scalar == "\\" ? try escaped() : .range(scalar.value...scalar.value)
    }

    /// The least and greatest count; nil if there is no repetition here. Braces without counts are ordinary characters.
    private mutating func repetition() throws(PatternError) -> (least: Int, most: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        let start = position
        if take("{"), let least = number() {
            let most = take(",") ? (peek == "}" ? nil : number() ?? -1) : least
            if take("}") {
                if let most, most < least { throw flaw("a repetition {\(least),…} ends before it starts") }
                return (least, most)
            }
        }
        position = start
        return nil
    }

    private func repetitions(
        of piece: [Instruction], _ count: (least: Int, most: Int?), isLazy: Bool
    ) throws(PatternError) -> [Instruction] {
        func either(_ again: Int, _ done: Int) -> Instruction { isLazy ? .either(done, again) : .either(again, done) }
        var result: [Instruction] = []
        for _ in 0..<min(count.least, Self.longestProgram) {
            result = try bounded(result + piece)
        }
        guard let most = count.most else {
            return try bounded(result + [either(1, piece.count + 2)] + piece + [.jump(-piece.count - 1)])
        }
        // Any of the rest may be the last one; they are built from the inside out.
        var rest: [Instruction] = []
        for _ in 0..<min(most - count.least, Self.longestProgram) {
            rest = try bounded([either(1, piece.count + rest.count + 1)] + piece + rest)
        }
        return try bounded(result + rest)
    }

    private func bounded(_ piece: [Instruction]) throws(PatternError) -> [Instruction] {
        if piece.count > Self.longestProgram {
            throw flaw("it is too long with its repetitions written out; ask for fewer repetitions")
        }
        return piece
    }

    private mutating func readFlags() throws(PatternError) {
        guard scalars.starts(with: "(?".unicodeScalars), scalars.count > 2, scalars[2] != ":" else { return }
        position = 2
        while let flag = peek, flag != ")" {
            switch flag {
            case "i": ignoresCase = true
            case "m": anchorsMatchLines = true
            case "s": dotMatchesLineFeed = true
            default: throw flaw(unsupportedGroup)
            }
            position += 1
        }
        guard take(")") else { throw flaw("the flags are not closed; write them as in (?i)") }
    }

    /// The reason to refuse the group whose `(?` was just read, by its usual name.
    private var unsupportedGroup: String {
        let start = String(String.UnicodeScalarView(scalars[position...].prefix(2)))
        for (prefixes, name, remedy) in Self.unsupportedGroups where prefixes.contains(where: start.hasPrefix) {
            return "\(name) is not supported; \(remedy)"
        }
        return "only the groups ( ) and (?: ) and, at the start, the flags (?i), (?m) and (?s) are supported"
    }

    private static let unsupportedGroups = [
        (["=", "!"], "lookahead", "match the text around the answer too"),
        (["<=", "<!"], "lookbehind", "match the text around the answer too"),
        (["<", "P<", "'"], "a named group", "write ( )"),
        ([">"], "an atomic group", "write (?: )"),
        (["P=", "P>", "R", "&", "("], "a reference to a group", "repeat the group's pattern"),
        (["#"], "a comment", "leave it out"),
    ]

    private static func unsupportedEscape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "0"..."9", "g", "k": "a reference to a group (\\\(scalar)) is not supported; repeat the group's pattern"
        case "p", "P": "\\\(scalar) is not supported; write \\w, \\d, \\s or a range such as [a-z]"
        case "Z": "\\Z is not supported; write \\z for the end of the text"
        default: "\\\(scalar) is not supported; put the character itself into the pattern"
        }
    }

    private func set(_ members: [ScalarSet.Member], negated: Bool = false) -> ScalarSet {
        ScalarSet(members: members, isNegated: negated, ignoresCase: ignoresCase)
    }

    private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        position += 1
        return true
    }

    private mutating func number() -> Int? {
        let start = position
        while let scalar = peek, ("0"..."9").contains(scalar), position - start < 6 { position += 1 }
        return Int(String(String.UnicodeScalarView(scalars[start..<position])))
    }

    private func flaw(_ problem: String) -> PatternError {
        PatternError(
            description: "pattern '\(pattern.prefix(80))' cannot be used: at character \(position + 1), \(problem)")
    }
}
