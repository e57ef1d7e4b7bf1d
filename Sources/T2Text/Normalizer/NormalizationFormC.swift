import CUTF8Proc

/// Unicode normalization form C, as the tokenizers library computes it.
///
/// libutf8proc decomposes and composes. The order of combining marks is established here, because libutf8proc needs
/// quadratic time for a long run of marks. A scalar that `LibraryUnicode.normalization` does not know stays as it is
/// and separates what stands before it from what stands after it; proved by `LibraryUnicodeTests`.
/// - Cost: O(n log n) for n bytes; O(n) unless one character has many combining marks. Text below U+0300 is copied.
/// - Source: Unicode Standard Annex 15.
package enum NormalizationFormC {
    /// The normalized UTF-8 of a valid UTF-8 text.
    package static func normalize(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        // Text below U+0300 is normalized already; U+0300 begins with the byte 0xCC.
        guard let first = text.firstIndex(where: { $0 >= 0xCC }) else { return Array(text) }
        let reader = ScalarReader(text)
        // A mark may compose with the scalar before it.
        let start = reader.scalar(before: first)?.start ?? 0
        var result = Array(text[..<start])
        result.reserveCapacity(text.count)
        // A scalar of two bytes decomposes into at most three scalars, a longer one into at most four.
        let capacity = 2 * (text.count - start) + 1
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: capacity) { scalars in
            var count = 0
            var index = start
            while index < text.count {
                let (scalar, next) = reader.scalar(at: index)
                if isKnown(scalar) {
                    count += decompose(scalar, into: UnsafeMutableBufferPointer(rebasing: scalars[count...]))
                } else {
                    compose(scalars, count: count, into: &result)
                    count = 0
                    result.append(contentsOf: text[index..<next])
                }
                index = next
            }
            compose(scalars, count: count, into: &result)
        }
        return result
    }

    private static let knownInBasicPlane = (UInt32(0)...0xFFFF).map { value in
        Unicode.Scalar(value)?.isAssigned(in: .normalization) ?? false
    }

    private static func isKnown(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x10000 ? knownInBasicPlane[Int(scalar.value)] : scalar.isAssigned(in: .normalization)
    }

    /// Writes the canonical decomposition of a scalar and returns its length.
    private static func decompose(_ scalar: Unicode.Scalar, into output: UnsafeMutableBufferPointer<Int32>) -> Int {
        let value = Int32(bitPattern: scalar.value)
        guard scalar.value >= 0xC0 else {
            output[0] = value
            return 1
        }
        var boundary: Int32 = 0
        let count = utf8proc_decompose_char(
            value, output.baseAddress, output.count, utf8proc_option_t(UTF8PROC_DECOMPOSE.rawValue), &boundary)
        precondition(count > 0 && count <= output.count, "libutf8proc: \(String(cString: utf8proc_errmsg(count)))")
        return count
    }

    /// Appends the composition of decomposed scalars, whose memory it uses up.
    private static func compose(_ scalars: UnsafeMutableBufferPointer<Int32>, count: Int, into result: inout [UInt8]) {
        guard count > 0, let base = scalars.baseAddress else { return }
        sortMarks(UnsafeMutableBufferPointer(start: base, count: count))
        let options = utf8proc_option_t(UTF8PROC_COMPOSE.rawValue | UTF8PROC_STABLE.rawValue)
        let length = utf8proc_reencode(base, count, options)
        precondition(length >= 0, "libutf8proc: \(String(cString: utf8proc_errmsg(length)))")
        result.append(contentsOf: UnsafeRawBufferPointer(start: base, count: length))
    }

    /// Orders each run of combining marks by combining class; marks of the same class keep their order.
    private static func sortMarks(_ scalars: UnsafeMutableBufferPointer<Int32>) {
        var index = 0
        while index < scalars.count {
            var end = index
            while end < scalars.count, combiningClass(scalars[end]) != 0 { end += 1 }
            if end - index > 1 { scalars[index..<end].sort { combiningClass($0) < combiningClass($1) } }
            index = end + 1
        }
    }

    private static func combiningClass(_ scalar: Int32) -> Int16 {
        scalar < 0x300 ? 0 : utf8proc_get_property(scalar).pointee.combining_class
    }
}
