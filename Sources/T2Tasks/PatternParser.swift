/// Reads a regular expression in the syntax of `TextPattern`.
struct PatternParser {
    private typealias Instruction = TextPattern.Instruction

    /// Instructions; counted repetitions are written out, so a short pattern can ask for many.
    private static let longestProgram = 4096
    private static let deepestNesting = 100

    private let pattern: String
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var ignoresCase = false
    private var linesAreTexts = false
    private var dotIsAnything = false

    init(_ pattern: String) {
        self.pattern = pattern
        scalars = Array(pattern.unicodeScalars)
    }

    mutating func program() throws(RecordFlaw) -> [TextPattern.Instruction] {
        try readFlags()
        let program = try alternatives()
        if position < scalars.count { throw flaw("a ) closes no group") }
        return program + [.match]
    }

    // Grammar, from the loosest binding to the tightest. Jumps are relative to the piece's start until it is placed.

    private mutating func alternatives() throws(RecordFlaw) -> [Instruction] {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.deepestNesting { throw flaw("groups are nested more than \(Self.deepestNesting) deep") }
        // A loop, so that many alternatives are no deep nesting.
        var pieces = [try sequence()]
        while take("|") { pieces.append(try sequence()) }
        var result = pieces.removeLast()
        while let piece = pieces.popLast() {
            let body = [Instruction.either(1, piece.count + 2)] + moved(piece, by: 1)
            result = try bounded(
                body + [.jump(piece.count + 2 + result.count)] + moved(result, by: piece.count + 2))
        }
        return result
    }

    private mutating func sequence() throws(RecordFlaw) -> [Instruction] {
        var result: [Instruction] = []
        while let next = peek, next != "|", next != ")" {
            let piece = try repeated()
            result = try bounded(result + moved(piece, by: result.count))
        }
        return result
    }

    private mutating func repeated() throws(RecordFlaw) -> [Instruction] {
        var piece = try atom()
        while let count = try repetition() {
            let isLazy = take("?")
            piece = try repetitions(of: piece, count, isLazy: isLazy)
        }
        return piece
    }

    private mutating func atom() throws(RecordFlaw) -> [Instruction] {
        let scalar = scalars[position]
        position += 1
        switch scalar {
        case "(":
            if take("?") { guard take(":") else { throw flaw("only groups ( ) and (?: ) are known") } }
            let body = try alternatives()
            guard take(")") else { throw flaw("a group is not closed") }
            return body
        case "[": return [.scalar(try bracketed())]
        case ".": return [.scalar(dotIsAnything ? ScalarSet(isNegated: true) : set([.range(10...10)], negated: true))]
        case "^": return [.require(linesAreTexts ? .lineStart : .textStart)]
        case "$": return [.require(linesAreTexts ? .lineEnd : .textEnd)]
        case "*", "+", "?": throw flaw("nothing stands before \(scalar)")
        case "\\":
            if take("b") { return [.require(.wordBoundary)] }
            if take("B") { return [.require(.noWordBoundary)] }
            if take("A") { return [.require(.textStart)] }
            if take("z") { return [.require(.textEnd)] }
            return [.scalar(set([try escaped()]))]
        default: return [.scalar(set([.range(scalar.value...scalar.value)]))]
        }
    }

    private mutating func escaped() throws(RecordFlaw) -> ScalarSet.Member {
        guard let scalar = peek else { throw flaw("a backslash stands at the end") }
        position += 1
        switch scalar {
        case "d", "D": return .digit(scalar == "d")
        case "w", "W": return .word(scalar == "w")
        case "s", "S": return .space(scalar == "s")
        case "n": return .range(10...10)
        case "r": return .range(13...13)
        case "t": return .range(9...9)
        default:
            if ScalarSet.isWord(scalar) { throw flaw("\\\(scalar) is not known") }
            return .range(scalar.value...scalar.value)
        }
    }

    private mutating func bracketed() throws(RecordFlaw) -> ScalarSet {
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
        guard take("]") else { throw flaw("a [ is not closed") }
        return set(members, negated: isNegated)
    }

    private mutating func bracketMember() throws(RecordFlaw) -> ScalarSet.Member {
        let scalar = scalars[position]
        position += 1
        return scalar == "\\" ? try escaped() : .range(scalar.value...scalar.value)
    }

    /// Least and most; nil if no repetition stands here. Braces that hold no counts are signs like any other.
    private mutating func repetition() throws(RecordFlaw) -> (least: Int, most: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        let start = position
        guard take("{"), let least = number() else {
            position = start
            return nil
        }
        let most: Int?
        if take(",") { most = peek == "}" ? nil : number() ?? -1 } else { most = least }
        guard take("}") else {
            position = start
            return nil
        }
        if let most, most < least { throw flaw("a repetition {\(least),…} ends before it starts") }
        return (least, most)
    }

    private func repetitions(
        of piece: [Instruction], _ count: (least: Int, most: Int?), isLazy: Bool
    ) throws(RecordFlaw) -> [Instruction] {
        func either(_ again: Int, _ done: Int) -> Instruction { isLazy ? .either(done, again) : .either(again, done) }
        var result: [Instruction] = []
        for _ in 0..<min(count.least, Self.longestProgram) {
            result = try bounded(result + moved(piece, by: result.count))
        }
        guard let most = count.most else {
            let start = result.count
            let body = [either(start + 1, start + piece.count + 2)] + moved(piece, by: start + 1)
            return try bounded(result + body + [.jump(start)])
        }
        // Each of the rest can be the last: written from the inside out.
        var rest: [Instruction] = []
        for _ in 0..<min(most - count.least, Self.longestProgram) {
            let inner = piece + moved(rest, by: piece.count)
            rest = try bounded([either(1, inner.count + 1)] + moved(inner, by: 1))
        }
        return try bounded(result + moved(rest, by: result.count))
    }

    private func moved(_ piece: [Instruction], by offset: Int) -> [Instruction] {
        piece.map { instruction in
            switch instruction {
            case .either(let first, let second): .either(first + offset, second + offset)
            case .jump(let target): .jump(target + offset)
            default: instruction
            }
        }
    }

    private func bounded(_ piece: [Instruction]) throws(RecordFlaw) -> [Instruction] {
        if piece.count > Self.longestProgram { throw flaw("with its repetitions written out it is too long") }
        return piece
    }

    private mutating func readFlags() throws(RecordFlaw) {
        guard scalars.starts(with: "(?".unicodeScalars), scalars.count > 2, scalars[2] != ":" else { return }
        position = 2
        while let flag = peek, flag != ")" {
            switch flag {
            case "i": ignoresCase = true
            case "m": linesAreTexts = true
            case "s": dotIsAnything = true
            default: throw flaw("only the flags i, m and s are known, and groups ( ) and (?: )")
            }
            position += 1
        }
        guard take(")") else { throw flaw("the flags are not closed") }
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

    private func flaw(_ problem: String) -> RecordFlaw {
        RecordFlaw("pattern '\(pattern.prefix(80))' is no regular expression: \(problem) (at letter \(position + 1))")
    }
}
