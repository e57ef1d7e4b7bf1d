import T2Core

/// A `rank_pattern` or an `alpha_pattern`: values of the modules whose names end with what a key describes, as a regular expression.
struct PEFTPattern<Value: Hashable>: Sendable where Value: Sendable {
    private enum Key: @unchecked Sendable {
        /// The end of a name, in which a dot stands for any character.
        case name([UInt8])
        case expression(Regex<AnyRegexOutput>)
    }

    private let name: String
    private let location: String
    private let entries: [(text: String, key: Key, value: Value)]

    /// - Parameters:
    ///   - name: the key of `adapter_config.json` that holds the values.
    ///   - location: the file, for errors.
    /// - Throws: `InputError` for a key that is no regular expression, or that might take very long to match.
    init(_ values: [String: Value], name: String, location: String) throws {
        func refused(_ key: String, _ problem: String) -> InputError {
            InputError(
                location, "\(name): '\(printable(key, limit: 200))' \(problem)", remedy: "Use the module's name.")
        }
        (self.name, self.location) = (name, location)
        entries = try values.sorted { $0.key < $1.key }.map { text, value in
            guard text.utf8.contains(where: { !Self.isNamePart($0) }) else {
                return (text, .name(Array(text.utf8)), value)
            }
            guard Self.isFast(text) else {
                throw refused(text, "repeats too much, expected at most three repetitions and none of a group")
            }
            guard let expression = try? Regex("(.*\\.)?(\(text))") else {
                throw refused(text, "is not a regular expression")
            }
            return (text, .expression(expression), value)
        }
    }

    /// The value of the key that matches the end of the module's name; nil if no key does.
    ///
    /// - Throws: `InputError` if several keys with different values do.
    func value(of module: String) throws -> Value? {
        let matching = try entries.filter { entry in
            switch entry.key {
            case .name(let end): Self.matches(Array(module.utf8), end)
            case .expression(let expression): try expression.wholeMatch(in: module) != nil
            }
        }
        guard Set(matching.map(\.value)).count <= 1 else {
            throw InputError(
                location, "\(name): \(matching.map(\.text).joined(separator: ", ")) all match \(module)",
                remedy: "Keep one of them.")
        }
        return matching.first?.value
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        Character(Unicode.Scalar(byte)).isLetter && byte < 0x80 || (0x30...0x39).contains(byte) || byte == 0x5F
            || byte == 0x2E
    }

    /// Whether the whole name, or what follows one of its dots, is this.
    private static func matches(_ module: [UInt8], _ end: [UInt8]) -> Bool {
        let start = module.count - end.count
        guard start == 0 || (start > 0 && module[start - 1] == UInt8(ascii: ".")) else { return false }
        return zip(module[start...], end).allSatisfy { $0 == $1 || $1 == UInt8(ascii: ".") }
    }

    /// Whether the time to match the expression is small, because its repetitions are few and not nested.
    private static func isFast(_ expression: String) -> Bool {
        var (repetitions, isInBrackets, before) = (0, false, Character(" "))
        var characters = Substring(expression)
        while let character = characters.popFirst() {
            switch character {
            case "\\":
                _ = characters.popFirst()
                before = "a"
                continue
            case "[": isInBrackets = true
            case "]": isInBrackets = false
            case "*" where !isInBrackets, "+" where !isInBrackets, "{" where !isInBrackets:
                guard before != ")" else { return false }
                repetitions += 1
            case "?" where !isInBrackets && before != "(": repetitions += 1
            default: break
            }
            before = character
        }
        return repetitions <= 3 && expression.utf8.count <= 1000
    }
}
