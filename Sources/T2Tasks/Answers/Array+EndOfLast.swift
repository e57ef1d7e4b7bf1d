extension Array<UInt8> {
    /// The position just after the last occurrence of a pattern; linear in `count` for the short patterns used here.
    func endOfLast(_ pattern: StaticString) -> Int? {
        let length = pattern.utf8CodeUnitCount
        return withUnsafeBufferPointer { bytes in
            pattern.withUTF8Buffer { pattern in
                var end = bytes.count
                while end >= length {
                    if bytes[end - 1] == pattern[length - 1], bytes[(end - length)..<end].elementsEqual(pattern) {
                        return end
                    }
                    end -= 1
                }
                return nil
            }
        }
    }
}
