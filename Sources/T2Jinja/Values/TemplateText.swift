/// Text as Python sees it, a sequence of Unicode scalars. Each scalar knows whether it was written by a message's author or by the
/// template, so that only the template can write special tokens.
///
/// Two texts are equal if their scalars are, whoever wrote them. Swift's `String` would also take texts for equal that differ in
/// Unicode normalization, and counts characters of several scalars.
package struct TemplateText: Sendable, Hashable, ExpressibleByStringLiteral {
    /// The scalars; `contentBit` is set for those of a message.
    private(set) var units: [UInt32]

    private static let contentBit: UInt32 = 1 << 31

    init(units: [UInt32] = []) { self.units = units }

    /// - Parameter isContent: whether a message's author wrote the text.
    package init(_ string: String, isContent: Bool = false) {
        let bit = isContent ? Self.contentBit : 0
        units = string.unicodeScalars.map { $0.value | bit }
    }

    package init(stringLiteral value: String) { self.init(value) }

    /// The text as a string.
    package var string: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: units.lazy.map(Self.scalar))
        return String(view)
    }

    /// The stretches of text with one origin, in order.
    package var parts: [(text: String, isContent: Bool)] {
        var found: [(text: String, isContent: Bool)] = []
        var start = 0
        for index in 1..<(units.count + 1) where !units.isEmpty {
            guard index == units.count || Self.isContent(units[index]) != Self.isContent(units[start]) else { continue }
            found.append((TemplateText(units: Array(units[start..<index])).string, Self.isContent(units[start])))
            start = index
        }
        return found
    }

    package static func == (left: TemplateText, right: TemplateText) -> Bool {
        left.units.elementsEqual(right.units, by: Self.isSame)
    }

    package func hash(into hasher: inout Hasher) { for unit in units { hasher.combine(unit & ~Self.contentBit) } }

    static func scalar(_ unit: UInt32) -> Unicode.Scalar { Unicode.Scalar(unit & ~contentBit) ?? "\u{FFFD}" }
    private static func isContent(_ unit: UInt32) -> Bool { unit & contentBit != 0 }
    private static func isSame(_ left: UInt32, _ right: UInt32) -> Bool { (left ^ right) & ~contentBit == 0 }
    private static func precedes(_ left: UInt32, _ right: UInt32) -> Bool {
        left & ~contentBit < right & ~contentBit
    }

    // MARK: - Sequences

    var count: Int { units.count }
    var isEmpty: Bool { units.isEmpty }
    /// The scalars, each as a text of its own.
    var elements: [TemplateText] { units.map { TemplateText(units: [$0]) } }

    subscript(range: Range<Int>) -> TemplateText { TemplateText(units: Array(units[range])) }

    func picking(_ indices: [Int]) -> TemplateText { TemplateText(units: indices.map { units[$0] }) }

    static func + (left: TemplateText, right: TemplateText) -> TemplateText {
        TemplateText(units: left.units + right.units)
    }

    static func += (left: inout TemplateText, right: TemplateText) { left.units += right.units }

    static func < (left: TemplateText, right: TemplateText) -> Bool {
        left.units.lexicographicallyPrecedes(right.units, by: precedes)
    }

    static func joined(_ texts: [TemplateText], by separator: TemplateText) -> TemplateText {
        TemplateText(units: Array(texts.map(\.units).joined(separator: separator.units)))
    }

    // MARK: - Searching

    /// The first position at or after `start` at which `other` occurs.
    func firstIndex(of other: TemplateText, from start: Int = 0) -> Int? {
        guard start + other.count <= count else { return nil }
        return (start...(count - other.count)).first { occurs(other, at: $0) }
    }

    func contains(_ other: TemplateText) -> Bool { firstIndex(of: other) != nil }
    func hasPrefix(_ other: TemplateText) -> Bool { other.count <= count && occurs(other, at: 0) }
    func hasSuffix(_ other: TemplateText) -> Bool { other.count <= count && occurs(other, at: count - other.count) }

    private func occurs(_ other: TemplateText, at index: Int) -> Bool {
        units[index..<index + other.count].elementsEqual(other.units, by: Self.isSame)
    }

    /// The parts between occurrences of a separator, which is not empty.
    func split(by separator: TemplateText, limit: Int = .max) -> [TemplateText] {
        var (parts, start): ([TemplateText], Int) = ([], 0)
        while parts.count < limit, let index = firstIndex(of: separator, from: start) {
            parts.append(self[start..<index])
            start = index + separator.count
        }
        return parts + [self[start..<count]]
    }

    /// The words between stretches of white space.
    func splitIntoWords(limit: Int = .max) -> [TemplateText] {
        var (words, rest): ([TemplateText], TemplateText) = ([], strippedLeft())
        while !rest.isEmpty {
            guard words.count < limit else { return words + [rest] }
            let end = rest.units.firstIndex { Self.isSpace(Self.scalar($0)) } ?? rest.count
            words.append(rest[0..<end])
            rest = rest[end..<rest.count].strippedLeft()
        }
        return words
    }

    /// The lines without their ends, as Python's `splitlines` finds them.
    func lines() -> [TemplateText] {
        var (lines, start, index): ([TemplateText], Int, Int) = ([], 0, 0)
        while index < count {
            let value = Self.scalar(units[index]).value
            let isEnd =
                (0x0A...0x0D).contains(value) || (0x1C...0x1E).contains(value) || value == 0x85
                || value == 0x2028 || value == 0x2029
            guard isEnd else {
                index += 1
                continue
            }
            lines.append(self[start..<index])
            let isPair = value == 0x0D && index + 1 < count && Self.scalar(units[index + 1]).value == 0x0A
            index += isPair ? 2 : 1
            start = index
        }
        return start < count ? lines + [self[start..<count]] : lines
    }

    /// - Parameter limit: replaces at most so many occurrences, from the left.
    func replacing(_ old: TemplateText, with new: TemplateText, limit: Int = .max) -> TemplateText {
        guard old.isEmpty else { return Self.joined(split(by: old, limit: limit), by: new) }
        // Python puts the new text between all scalars and at both ends.
        var result = TemplateText()
        for (index, unit) in units.enumerated() {
            if index < limit { result += new }
            result.units.append(unit)
        }
        return count < limit ? result + new : result
    }

    // MARK: - White space and case

    /// White space as Python's `str.isspace` defines it.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }

    /// - Parameter characters: what is removed; white space if nil.
    func strippedLeft(_ characters: TemplateText? = nil) -> TemplateText {
        TemplateText(units: Array(units.drop { Self.isStripped($0, characters) }))
    }

    func strippedRight(_ characters: TemplateText? = nil) -> TemplateText {
        let end = units.lastIndex { !Self.isStripped($0, characters) }.map { $0 + 1 } ?? 0
        return self[0..<end]
    }

    func stripped(_ characters: TemplateText? = nil) -> TemplateText {
        strippedRight(characters).strippedLeft(characters)
    }

    private static func isStripped(_ unit: UInt32, _ characters: TemplateText?) -> Bool {
        guard let characters else { return isSpace(scalar(unit)) }
        return characters.units.contains { isSame($0, unit) }
    }

    func lowercased() -> TemplateText { mapped { $0.properties.lowercaseMapping } }
    func uppercased() -> TemplateText { mapped { $0.properties.uppercaseMapping } }

    /// The first scalar in upper case, the others in lower case.
    func capitalized() -> TemplateText {
        isEmpty ? self : self[0..<1].mapped { $0.properties.titlecaseMapping } + self[1..<count].lowercased()
    }

    /// Python's `str.title`: each letter after one that is none in upper case, the others in lower case.
    func titlecased() -> TemplateText {
        var result = TemplateText()
        var followsLetter = false
        for element in elements {
            result += element.mapped {
                followsLetter ? $0.properties.lowercaseMapping : $0.properties.titlecaseMapping
            }
            followsLetter = Self.scalar(element.units[0]).properties.isCased
        }
        return result
    }

    private func mapped(_ transform: (Unicode.Scalar) -> String) -> TemplateText {
        var mapped: [UInt32] = []
        for unit in units {
            mapped += transform(Self.scalar(unit)).unicodeScalars.map { $0.value | (unit & Self.contentBit) }
        }
        return TemplateText(units: mapped)
    }

    /// Replaces scalars by texts, which keep their origin.
    func expanding(_ replacement: (Unicode.Scalar) -> String?) -> TemplateText {
        mapped { replacement($0) ?? String($0) }
    }
}
