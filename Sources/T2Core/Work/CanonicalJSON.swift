import Foundation

/// JSON with sorted keys and no white space: the same value always gives the same text.
package enum CanonicalJSON {
    /// - Throws: `EncodingError` for a NaN or an infinity.
    package static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension Digest {
    /// The digest of a value's canonical JSON.
    ///
    /// - Throws: as `CanonicalJSON.text`.
    package init(canonical value: some Encodable) throws { self.init(of: try CanonicalJSON.text(value)) }
}
