/// Reads UTF-8 text scalar by scalar.
///
/// - Invariant: the bytes are valid UTF-8 and outlive the reader. Every index is that of a scalar's first byte.
struct ScalarReader {
    let text: UnsafeBufferPointer<UInt8>
    private let classes = ScalarReader.basicPlane

    private static let basicPlane: [ScalarClass] = (UInt32(0)...0xFFFF).map { value in
        Unicode.Scalar(value).map { ScalarClass($0) } ?? .other
    }

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    var end: Int { text.count }

    /// The scalar at an index, and the index of the one after it.
    func scalar(at index: Int) -> (scalar: Unicode.Scalar, next: Int) {
        let first = UInt32(text[index])
        func continuation(_ offset: Int) -> UInt32 { UInt32(text[index + offset] & 0x3F) }
        let (value, length): (UInt32, Int) =
            switch first {
            case ..<0x80: (first, 1)
            case ..<0xE0: ((first & 0x1F) << 6 | continuation(1), 2)
            case ..<0xF0: ((first & 0x0F) << 12 | continuation(1) << 6 | continuation(2), 3)
            default:
                ((first & 0x07) << 18 | continuation(1) << 12 | continuation(2) << 6 | continuation(3), 4)
            }
        guard let scalar = Unicode.Scalar(value) else { preconditionFailure("text is not valid UTF-8") }
        return (scalar, index + length)
    }

    /// The class of the scalar at an index, and the index of the one after it.
    func classify(at index: Int) -> (class: ScalarClass, next: Int) {
        let byte = text[index]
        if byte < 0x80 { return (classes[Int(byte)], index + 1) }
        let (scalar, next) = scalar(at: index)
        return (scalar.value < 0x10000 ? classes[Int(scalar.value)] : ScalarClass(scalar), next)
    }

    /// The class of the scalar at an index, or nil at the end.
    func classIfAny(at index: Int) -> ScalarClass? { index < end ? classify(at: index).class : nil }

    /// The scalar that ends before an index, or nil at the start.
    func scalar(before index: Int) -> (scalar: Unicode.Scalar, start: Int)? {
        guard index > 0 else { return nil }
        var start = index - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        return (scalar(at: start).scalar, start)
    }

    /// The index at which the run of `kind` that begins at `index` ends, after at most `limit` scalars.
    func endOfRun(of kind: ScalarClass, from index: Int, limit: Int = .max) -> Int {
        var index = index
        var remaining = limit
        while index < end, remaining > 0, case let (found, next) = classify(at: index), found == kind {
            index = next
            remaining -= 1
        }
        return index
    }
}

/// The classes of scalars that the split patterns of byte-level tokenizers tell apart: `\p{L}`, `\p{N}`, `\s` and the
/// rest.
package enum ScalarClass: UInt8, Sendable {
    case letter, number, whitespace, other

    package init(_ scalar: Unicode.Scalar) {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            self = scalar.isAssigned(in: .classes) ? .letter : .other
        case .decimalNumber, .letterNumber, .otherNumber:
            self = scalar.isAssigned(in: .classes) ? .number : .other
        default: self = scalar.properties.isWhitespace ? .whitespace : .other
        }
    }
}
