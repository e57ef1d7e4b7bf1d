import CZeroMQ
import Foundation

/// A key of CURVE, ZeroMQ's encryption (RFC 26): 32 bytes as 40 characters of Z85 (RFC 32).
package struct CurveKey: Sendable, Hashable, Codable, CustomStringConvertible {
    package let description: String

    /// - Returns: nil if the text is no key.
    package init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 32)
        guard text.utf8.count == 40, zmq_z85_decode(&bytes, text) != nil else { return nil }
        description = text
    }

    /// - Returns: nil unless there are 32 bytes.
    init?(bytes: Data) {
        guard bytes.count == 32 else { return nil }
        var text = [CChar](repeating: 0, count: 41)
        guard zmq_z85_encode(&text, Array(bytes), 32) != nil else { return nil }
        description = String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let key = CurveKey(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "it is no key of 40 characters")
        }
        self = key
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A public key with its secret key.
package struct CurveKeyPair: Sendable, Equatable, Codable {
    package let publicKey: CurveKey
    package let secretKey: CurveKey

    package init(publicKey: CurveKey, secretKey: CurveKey) {
        self.publicKey = publicKey
        self.secretKey = secretKey
    }

    /// - Throws: `TransportError` if libzmq was built without CURVE.
    package static func random() throws(TransportError) -> CurveKeyPair {
        var (open, secret) = ([CChar](repeating: 0, count: 41), [CChar](repeating: 0, count: 41))
        try check(zmq_curve_keypair(&open, &secret), "make a key pair")
        func key(_ text: [CChar]) -> CurveKey? {
            CurveKey(String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        guard let publicKey = key(open), let secretKey = key(secret) else {
            throw .systemCall(operation: "make a key pair", code: EINVAL)
        }
        return CurveKeyPair(publicKey: publicKey, secretKey: secretKey)
    }
}
