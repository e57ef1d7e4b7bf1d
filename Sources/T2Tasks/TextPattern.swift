/// A regular expression that a task's author wrote, searched for in completions without backtracking.
///
/// Syntax: alternatives, groups `( )` and `(?: )`, `* + ? {m} {m,} {m,n}` and their lazy forms, `.`, classes, `\d \w \s \b`
/// with their opposites, `^ $ \A \z`, `\n \r \t`, escaped signs, and the flags `(?i) (?m) (?s)` at the start. What cannot be
/// searched for in linear time, lookaround and references to groups, is no part of it. Letters are Unicode scalars; the
/// match is the leftmost one, and of those the one that a backtracking search would find.
///
/// - Cost: time of the text's length times the pattern's, memory of the pattern's length.
/// - Source: Thompson, "Regular expression search algorithm", CACM 1968; Pike's extension that keeps where a match began.
struct TextPattern: Sendable {
    enum Instruction: Sendable {
        case scalar(ScalarSet)
        /// Goes on at the first of these that leads to a match.
        case either(Int, Int)
        case jump(Int)
        case require(Place)
        case match
    }

    /// Between two scalars.
    enum Place: Sendable {
        case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
    }

    private let program: [Instruction]

    /// - Throws: `RecordFlaw` saying what is wrong with the pattern, and where.
    init(_ pattern: String) throws(RecordFlaw) {
        var parser = PatternParser(pattern)
        program = try parser.program()
    }

    /// The text that matches first; nil if none does.
    func firstMatch(in text: String) -> String? {
        let scalars = Array(text.unicodeScalars)
        var current = Threads(count: program.count)
        var next = Threads(count: program.count)
        var found: Range<Int>?
        for position in 0...scalars.count {
            // What began further left is preferred, so a new beginning comes last.
            if found == nil { follow(0, start: position, at: position, scalars, &current) }
            if current.isEmpty && found != nil { break }
            for (instruction, start) in current.ordered {
                if case .match = program[instruction] {
                    found = start..<position
                    // The rest are worse ways to match.
                    break
                }
                guard case .scalar(let set) = program[instruction], position < scalars.count,
                    set.contains(scalars[position])
                else { continue }
                follow(instruction + 1, start: start, at: position + 1, scalars, &next)
            }
            swap(&current, &next)
            next.clear()
        }
        guard let found else { return nil }
        var match = String.UnicodeScalarView()
        match.append(contentsOf: scalars[found])
        return String(match)
    }

    /// Adds the instructions that wait for a scalar, or match, and can be reached without one; in order of preference.
    private func follow(
        _ first: Int, start: Int, at position: Int, _ text: [Unicode.Scalar], _ threads: inout Threads
    ) {
        var pending = [first]
        while let instruction = pending.popLast() {
            guard threads.visit(instruction) else { continue }
            switch program[instruction] {
            case .scalar, .match: threads.ordered.append((instruction, start))
            case .jump(let target): pending.append(target)
            case .either(let preferred, let other): pending += [other, preferred]
            case .require(let place): if place.holds(at: position, in: text) { pending.append(instruction + 1) }
            }
        }
    }

    /// Where the search stands at one position of the text; each instruction at most once.
    private struct Threads {
        var ordered: [(instruction: Int, start: Int)] = []
        private var visitOfInstruction: [Int]
        private var visit = 1

        init(count: Int) { visitOfInstruction = Array(repeating: 0, count: count) }

        var isEmpty: Bool { ordered.isEmpty }

        mutating func visit(_ instruction: Int) -> Bool {
            defer { visitOfInstruction[instruction] = visit }
            return visitOfInstruction[instruction] != visit
        }

        mutating func clear() {
            ordered.removeAll(keepingCapacity: true)
            visit += 1
        }
    }
}

extension TextPattern.Place {
    fileprivate func holds(at position: Int, in text: [Unicode.Scalar]) -> Bool {
        func isWord(_ index: Int) -> Bool { text.indices.contains(index) && ScalarSet.isWord(text[index]) }
        switch self {
        case .textStart: return position == 0
        case .textEnd: return position == text.count
        case .lineStart: return position == 0 || text[position - 1] == "\n"
        case .lineEnd: return position == text.count || text[position] == "\n"
        case .wordBoundary: return isWord(position - 1) != isWord(position)
        case .noWordBoundary: return isWord(position - 1) == isWord(position)
        }
    }
}
