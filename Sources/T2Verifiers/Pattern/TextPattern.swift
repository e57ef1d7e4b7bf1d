/// A regular expression from a task's definition, searched for in completions in linear time.
///
/// Syntax: alternatives, groups `( )` and `(?: )`, `* + ? {m} {m,} {m,n}` and their lazy forms, `.`, classes `[ ]`,
/// `\d`, `\w`, `\s`, `\b` and their opposites, `^`, `$`, `\A`, `\z`, `\n`, `\r`, `\t`, escaped punctuation, and the flags
/// `(?i)`, `(?m)`, `(?s)` at the start. Lookaround, references to groups, atomic groups, named groups, `\p{ }` and
/// `[[:alpha:]]` are refused by name. A character is a Unicode scalar; `\w` and `\b` know the letters of all scripts,
/// `\d` is 0 to 9. The match is the leftmost one, and of several there the one that a backtracking search finds.
///
/// No library does this: `pcre2_dfa_match` starts anew at every character (in version 10.42 `(a+)+$` takes seconds on
/// 512 characters), a backtracking search such as Swift's `Regex` can take exponential time, and RE2 is linear, but
/// its `\w` and `\b` know ASCII letters only. A pattern also has to mean the same on every worker.
///
/// - Cost: the text's length times the pattern's in time, the pattern's length in memory.
/// - Source: Thompson, "Regular expression search algorithm", CACM 1968; Pike's extension that records where a match
///   begins.
package struct TextPattern: Sendable {
    enum Instruction: Sendable {
        case scalar(ScalarSet)
        /// Continues at the first of these instructions, relative to this one, that leads to a match.
        case either(Int, Int)
        /// Continues at an instruction relative to this one.
        case jump(Int)
        case require(Assertion)
        case match
    }

    /// A condition on a position between two scalars.
    enum Assertion: Sendable {
        case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary

        func holds(at position: Int, in text: [Unicode.Scalar]) -> Bool {
            func isWord(_ index: Int) -> Bool { text.indices.contains(index) && ScalarSet.isWord(text[index]) }
            return switch self {
            case .textStart: position == 0
            case .textEnd: position == text.count
            case .lineStart: position == 0 || text[position - 1] == "\n"
            case .lineEnd: position == text.count || text[position] == "\n"
            case .wordBoundary: isWord(position - 1) != isWord(position)
            case .noWordBoundary: isWord(position - 1) == isWord(position)
            }
        }
    }

    private let program: [Instruction]

    /// - Throws: `PatternError` with the cause, the position and the remedy.
    package init(_ pattern: String) throws(PatternError) {
        var parser = PatternParser(pattern)
        program = try parser.program()
    }

    /// The leftmost text that matches; nil if there is none.
    package func firstMatch(in text: String) -> String? {
        let scalars = Array(text.unicodeScalars)
        var current = Threads(count: program.count)
        var next = Threads(count: program.count)
        var found: Range<Int>?
        for position in 0...scalars.count {
            // A match that begins further left is preferred, so a new start comes last.
            if found == nil { follow(0, start: position, at: position, scalars, &current) }
            if current.ordered.isEmpty && found != nil { break }
            for (instruction, start) in current.ordered {
                if case .match = program[instruction] {
                    found = start..<position
                    // The remaining threads are less preferred ways to match.
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
        return found.map { String(String.UnicodeScalarView(scalars[$0])) }
    }

    /// Adds the instructions that read a scalar or match and are reachable without reading one, in order of preference.
    private func follow(
        _ first: Int, start: Int, at position: Int, _ text: [Unicode.Scalar], _ threads: inout Threads
    ) {
        var pending = [first]
        while let instruction = pending.popLast() {
            guard threads.visit(instruction) else { continue }
            switch program[instruction] {
            case .scalar, .match: threads.ordered.append((instruction, start))
            case .jump(let offset): pending.append(instruction + offset)
            case .either(let preferred, let other): pending += [instruction + other, instruction + preferred]
            case .require(let assertion): if assertion.holds(at: position, in: text) { pending.append(instruction + 1) }
            }
        }
    }

    /// The state of the search at one position of the text; each instruction occurs at most once.
    private struct Threads {
        var ordered: [(instruction: Int, start: Int)] = []
        private var visitOfInstruction: [Int]
        private var visit = 1

        init(count: Int) { visitOfInstruction = Array(repeating: 0, count: count) }

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

/// A text that is not a pattern of `TextPattern`.
package struct PatternError: Error, Equatable, CustomStringConvertible {
    package let description: String
}
