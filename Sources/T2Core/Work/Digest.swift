import Crypto
import Foundation

/// A SHA-256 digest in lower-case hexadecimal, used as a content address.
package struct Digest: Hashable, Sendable, Codable, CustomStringConvertible {
    package let hexadecimal: String

    package var description: String { hexadecimal }
    /// The first 12 characters, for messages.
    package var short: String { String(hexadecimal.prefix(12)) }

    package init(of bytes: UnsafeRawBufferPointer) {
        var hasher = DigestBuilder()
        hasher.update(bytes)
        self = hasher.finalize()
    }

    package init(of text: String) { self = Array(text.utf8).withUnsafeBytes { Digest(of: $0) } }

    package init(of values: [Float]) { self = values.withUnsafeBytes { Digest(of: $0) } }

    fileprivate init(_ digest: SHA256.Digest) {
        let digits = Array("0123456789abcdef".utf8)
        hexadecimal = String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// - Returns: nil unless the text is 64 lower-case hexadecimal characters.
    package init?(hexadecimal text: String) {
        guard text.utf8.count == 64, text.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else { return nil }
        hexadecimal = text
    }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let digest = Digest(hexadecimal: text) else {
            let problem = "expected 64 hexadecimal characters, found '\(text)'"
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: problem))
        }
        self = digest
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hexadecimal)
    }
}

/// Builds a digest over several pieces, in order.
package struct DigestBuilder {
    private var hash = SHA256()

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    package mutating func update(_ text: String) { Array(text.utf8).withUnsafeBytes { update($0) } }

    package func finalize() -> Digest { Digest(hash.finalize()) }
}
