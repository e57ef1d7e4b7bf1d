import Foundation

/// JSON with sorted keys and no white space: the same value always gives the same text.
package enum CanonicalJSON {
    /// - Throws: `EncodingError` for a NaN or an infinity.
    package static func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder.sorted().encode(value), as: UTF8.self)
    }
}

extension JSONEncoder {
    /// An encoder that sorts keys and does not escape slashes.
    ///
    /// - Parameter isIndented: whether each value has a line of its own.
    package static func sorted(isIndented: Bool = false) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isIndented { encoder.outputFormatting.insert(.prettyPrinted) }
        return encoder
    }
}

extension Digest {
    /// The digest of a value's canonical JSON.
    ///
    /// - Throws: as `CanonicalJSON.text`.
    package init(canonical value: some Encodable) throws { self.init(of: try CanonicalJSON.text(value)) }
}
