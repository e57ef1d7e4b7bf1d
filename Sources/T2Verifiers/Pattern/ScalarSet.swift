/// The scalars that match one element of a pattern.
struct ScalarSet: Sendable {
    enum Member: Sendable {
        case range(ClosedRange<UInt32>)
        case digit(Bool)
        case word(Bool)
        case space(Bool)
    }

    var members: [Member] = []
    var isNegated = false
    var ignoresCase = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var isMember = members.contains { Self.contains($0, scalar) }
        if !isMember && ignoresCase {
            isMember = Self.otherCases(scalar).contains { other in members.contains { Self.contains($0, other) } }
        }
        return isMember != isNegated
    }

    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    private static func contains(_ member: Member, _ scalar: Unicode.Scalar) -> Bool {
        switch member {
        case .range(let range): range.contains(scalar.value)
        case .digit(let expected): ("0"..."9").contains(scalar) == expected
        case .word(let expected): isWord(scalar) == expected
        case .space(let expected): scalar.properties.isWhitespace == expected
        }
    }

    private static func otherCases(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping].compactMap { mapping in
            mapping.unicodeScalars.count == 1 ? mapping.unicodeScalars.first : nil
        }
    }
}
