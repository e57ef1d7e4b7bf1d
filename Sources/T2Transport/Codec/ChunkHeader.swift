import Foundation
import T2Core

/// The JSON header of a CHUNK. The payload is its bytes as they are.
struct ChunkHeader: Codable {
    let file: Digest
    let offset: Int
    let receipt: UInt64
    let problem: String?
    let payloadDigest: Digest

    init(_ chunk: Chunk) {
        file = chunk.file
        offset = chunk.offset
        receipt = chunk.receipt
        problem = chunk.problem
        payloadDigest = chunk.bytes.withUnsafeBytes { Digest(of: $0) }
    }

    /// Decodes the chunk and checks the digest of its bytes.
    func chunk(_ parts: [Data]) throws(ProtocolError) -> Chunk {
        let kind = Message.Kind.chunk.rawValue
        guard parts.count == 1 else { throw .wrongPartCount(kind: kind, expected: 3, found: 2 + parts.count) }
        let found = parts[0].withUnsafeBytes { Digest(of: $0) }
        guard found == payloadDigest else { throw .digestMismatch(kind: kind, expected: payloadDigest, found: found) }
        // A copy, so that the bytes begin at index 0 and do not keep the whole frame.
        return Chunk(file: file, offset: offset, receipt: receipt, bytes: Data(parts[0]), problem: problem)
    }
}
