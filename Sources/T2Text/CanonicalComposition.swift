import Foundation

/// Unicode normalization form C in linear time.
///
/// Foundation's takes time quadratic in the text's length on Linux and leaves some Hangul syllables in two parts.
/// - Source: Unicode Standard Annex 15 and the Unicode Standard, section 3.11 (order, composition) and 3.12 (Hangul).
package enum CanonicalComposition {
    /// The normalized UTF-8 of a valid UTF-8 text.
    package static func normalize(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        // Below U+0300 every text is normalized as it is; U+0300 begins with the byte 0xCC.
        guard let first = text.firstIndex(where: { $0 >= 0xCC }) else { return Array(text) }
        // A mark may compose with the scalar before it.
        var start = first - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        start = max(start, 0)
        var scalars: [Unicode.Scalar] = []
        let reader = ScalarReader(text)
        var index = start
        while index < text.count {
            let (scalar, next) = reader.scalar(at: index)
            appendDecomposition(of: scalar, to: &scalars)
            index = next
        }
        sortMarks(&scalars)
        compose(&scalars)
        var result = Array(text[..<start])
        for scalar in scalars { result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter) }
        return result
    }

    private struct Pair: Hashable {
        let first: Unicode.Scalar
        let second: Unicode.Scalar
    }

    private struct Mappings: Sendable {
        var decompositions: [Unicode.Scalar: [Unicode.Scalar]] = [:]
        var compositions: [Pair: Unicode.Scalar] = [:]
    }

    /// Every canonical decomposition outside Hangul lies in these ranges; composites are the last step of theirs.
    private static let mappings: Mappings = {
        var mappings = Mappings()
        let ranges: [ClosedRange<UInt32>] = [0xC0...0x33FF, 0xF900...0xFB4F, 0x10000...0x1FFFF, 0x2F800...0x2FA1F]
        for scalar in ranges.joined().compactMap(Unicode.Scalar.init) {
            let decomposition = Array(String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars)
            if decomposition != [scalar] { mappings.decompositions[scalar] = decomposition }
        }
        let composites = mappings.decompositions.filter { !$0.key.properties.isFullCompositionExclusion }
        var byDecomposition: [[Unicode.Scalar]: Unicode.Scalar] = [:]
        for (scalar, parts) in composites { byDecomposition[parts] = scalar }
        for (scalar, parts) in composites {
            let prefix = Array(parts.dropLast())
            guard let second = parts.last, let first = prefix.count == 1 ? prefix[0] : byDecomposition[prefix] else {
                continue
            }
            mappings.compositions[Pair(first: first, second: second)] = scalar
        }
        return mappings
    }()

    private static func appendDecomposition(of scalar: Unicode.Scalar, to scalars: inout [Unicode.Scalar]) {
        if let parts = Hangul.decompose(scalar) {
            scalars.append(contentsOf: parts)
        } else if let parts = mappings.decompositions[scalar] {
            scalars.append(contentsOf: parts)
        } else {
            scalars.append(scalar)
        }
    }

    /// Orders each run of marks by combining class; marks of one class keep their order.
    private static func sortMarks(_ scalars: inout [Unicode.Scalar]) {
        var index = 0
        while index < scalars.count {
            var end = index
            while end < scalars.count, scalars[end].combiningClass != 0 { end += 1 }
            if end - index > 1 { scalars[index..<end].sort { $0.combiningClass < $1.combiningClass } }
            index = end + 1
        }
    }

    /// Joins each mark with the last starter, unless a mark between them of at least its class blocks it.
    private static func compose(_ scalars: inout [Unicode.Scalar]) {
        var starter: Int?
        var lastClass: UInt8 = 0
        var end = 0
        for scalar in scalars {
            let combiningClass = scalar.combiningClass
            if let starter, starter == end - 1 || lastClass < combiningClass && lastClass != 0,
                let composite = composite(scalars[starter], scalar)
            {
                scalars[starter] = composite
                continue
            }
            if combiningClass == 0 { starter = end }
            lastClass = combiningClass
            scalars[end] = scalar
            end += 1
        }
        scalars.removeSubrange(end...)
    }

    private static func composite(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        Hangul.compose(first, second) ?? mappings.compositions[Pair(first: first, second: second)]
    }
}

/// Hangul syllables, whose decompositions are arithmetic: 19 leading, 21 vowel and 27 trailing letters.
private enum Hangul {
    private static let syllables: Range<UInt32> = 0xAC00..<0xAC00 + 19 * 21 * 28
    private static let leading: Range<UInt32> = 0x1100..<0x1100 + 19
    private static let vowels: Range<UInt32> = 0x1161..<0x1161 + 21
    /// Without the empty trailing letter, at 0x11A7.
    private static let trailing: Range<UInt32> = 0x11A8..<0x11A7 + 28

    static func decompose(_ scalar: Unicode.Scalar) -> [Unicode.Scalar]? {
        guard syllables.contains(scalar.value) else { return nil }
        let index = scalar.value - syllables.lowerBound
        let letters = [leading.lowerBound + index / (21 * 28), vowels.lowerBound + index % (21 * 28) / 28]
        return (index % 28 == 0 ? letters : letters + [0x11A7 + index % 28]).compactMap(Unicode.Scalar.init)
    }

    static func compose(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        if leading.contains(first.value), vowels.contains(second.value) {
            let pair = (first.value - leading.lowerBound) * 21 + second.value - vowels.lowerBound
            return Unicode.Scalar(syllables.lowerBound + pair * 28)
        }
        if syllables.contains(first.value), (first.value - syllables.lowerBound) % 28 == 0,
            trailing.contains(second.value)
        {
            return Unicode.Scalar(first.value + second.value - 0x11A7)
        }
        return nil
    }
}

extension Unicode.Scalar {
    fileprivate var combiningClass: UInt8 { properties.canonicalCombiningClass.rawValue }
}
