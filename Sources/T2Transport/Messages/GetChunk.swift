import T2Core

/// A worker asks for a piece of a file before HELLO. Each request is answered by one CHUNK.
package struct GetChunk: Sendable, Equatable, Codable {
    /// The digest of a model's file, or the key of a decomposition.
    package var file: Digest
    package var offset: Int
    /// The receipt of a chunk that came over the same connection and was not returned yet. A worker may be sent
    /// `MessageLimits.chunksInFlight` chunks beyond those whose receipts it has returned.
    package var receipt: UInt64?

    package init(file: Digest, offset: Int, receipt: UInt64? = nil) {
        self.file = file
        self.offset = offset
        self.receipt = receipt
    }
}
