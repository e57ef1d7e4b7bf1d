/// The syntax of regular expressions that means the same to ICU, which matches them here, and to Oniguruma, with which
/// the tokenizers library matches them.
///
/// - Source: the documentation of both (Oniguruma with the syntax of Ruby); the classes of characters were compared for
///   every scalar.
struct PatternSyntax {
    private var rest: Substring.UnicodeScalarView
    /// The groups that are open.
    private var groups = [Group()]
    /// The group that has just ended.
    private var ended: Group?

    private init(rest: Substring.UnicodeScalarView) { self.rest = rest }

    /// What is in a group. Where one that repeats may consist of nothing but a repetition, as in `(a+)+`, both engines try exponentially
    /// many ways to split the text.
    private struct Group {
        /// Whether the current alternative repeats something.
        private var repeats = false
        /// The parts of the current alternative that are neither repeated nor optional.
        private var required = 0
        /// Whether one of the alternatives before repeats something and requires nothing.
        private var wasLoose = false

        var isLoose: Bool { wasLoose || (repeats && required == 0) }

        mutating func add() { required += 1 }

        mutating func makeOptional(repeated: Bool) {
            required = max(0, required - 1)
            repeats = repeats || repeated
        }

        mutating func beginAlternative() {
            wasLoose = isLoose
            (repeats, required) = (false, 0)
        }
    }

    /// The first part of an expression that may mean something else to Oniguruma, or take exponential time; nil if there is none.
    static func firstDifference(in expression: String) -> String? {
        var syntax = PatternSyntax(rest: Substring(expression).unicodeScalars)
        while !syntax.rest.isEmpty {
            let start = syntax.rest
            guard syntax.acceptPart() else {
                return String(String.UnicodeScalarView(start.prefix(start.count - syntax.rest.count)))
            }
        }
        return nil
    }

    /// Reads one part outside brackets.
    private mutating func acceptPart() -> Bool {
        let scalar = rest.removeFirst()
        let before = ended
        ended = nil
        switch scalar {
        case "^", "$", ".": return false
        case "(":
            groups.append(Group())
            return !accept("?") || ["i:", ":", "=", "!", "<=", "<!", ">"].contains { accept($0) }
        case ")":
            ended = groups.count > 1 ? groups.removeLast() : Group()
            groups[groups.count - 1].add()
            return true
        case "|":
            groups[groups.count - 1].beginAlternative()
            return true
        case "?":
            groups[groups.count - 1].makeOptional(repeated: false)
            return acceptGreed()
        case "*", "+", "{":
            groups[groups.count - 1].makeOptional(repeated: true)
            return before?.isLoose != true && (scalar == "{" ? acceptCount() : acceptGreed())
        default:
            groups[groups.count - 1].add()
            return scalar == "\\" ? acceptEscape() : scalar == "[" ? acceptBrackets() : true
        }
    }

    /// Reads what makes a repetition reluctant or possessive, if anything does.
    private mutating func acceptGreed() -> Bool {
        _ = accept("?") || accept("+")
        return true
    }

    /// Reads the rest of `{2}`, `{2,}` or `{2,3}`. A sign after it means other things in Ruby's syntax.
    private mutating func acceptCount() -> Bool {
        guard acceptDigits() else { return false }
        if accept(",") { _ = acceptDigits() }
        return accept("}") && rest.first != "+" && rest.first != "?"
    }

    private mutating func acceptDigits() -> Bool {
        let digits = rest.prefix { ("0"..."9").contains($0) }
        rest.removeFirst(digits.count)
        return !digits.isEmpty
    }

    /// Reads the rest of `[…]`, with the brackets that it nests.
    private mutating func acceptBrackets() -> Bool {
        var depth = 1
        acceptOpening()
        while depth > 0, let scalar = rest.popFirst() {
            switch scalar {
            case "]": depth -= 1
            case "[" where rest.first == ":", "-" where rest.first == "-": return false
            case "[":
                depth += 1
                acceptOpening()
            case "\\" where !acceptEscape(): return false
            default: break
            }
        }
        return depth == 0
    }

    /// Reads the signs after a bracket that mean something else further on.
    private mutating func acceptOpening() {
        _ = accept("^")
        _ = accept("]")
    }

    /// Reads what follows a backslash.
    private mutating func acceptEscape() -> Bool {
        guard let scalar = rest.popFirst() else { return false }
        switch scalar {
        case "s", "S", "d", "D", "r", "n", "t", "f": return true
        case "p", "P":
            let name = rest.prefix { $0 != "}" }
            guard name.first == "{", name.dropFirst().allSatisfy({ $0.properties.isAlphabetic || $0 == "_" }),
                !["{word", "{xdigit"].contains(String(name).lowercased())
            else { return false }
            rest.removeFirst(name.count)
            return accept("}")
        default: return scalar.isASCII && !scalar.properties.isAlphabetic && !("0"..."9").contains(scalar)
        }
    }

    private mutating func accept(_ text: String) -> Bool {
        guard rest.starts(with: text.unicodeScalars) else { return false }
        rest.removeFirst(text.unicodeScalars.count)
        return true
    }
}
