import Foundation

extension JSONDecoder {
    /// Decodes JSON that may come from anywhere, after counting how deeply its arrays and objects are nested: Foundation's
    /// reader ends the process for some texts that are nested 513 deep.
    ///
    /// - Parameter limit: the largest depth; a number outside of every array and object has depth 0.
    /// - Throws: `DecodingError`, also for text that is nested more deeply.
    package func decode<Value: Decodable>(_ type: Value.Type, from text: Data, depth limit: Int) throws -> Value {
        guard Self.isNested(text, atMost: limit) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "arrays and objects are nested more than \(limit) deep"))
        }
        return try decode(type, from: text)
    }

    private static func isNested(_ text: Data, atMost limit: Int) -> Bool {
        var (depth, isInString, isEscaped) = (0, false, false)
        for byte in text {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                if depth > limit { return false }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        return true
    }
}
