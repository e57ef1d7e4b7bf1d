import Foundation
import Synchronization
import T2Core

/// Encodes messages on the threads of their senders. It keeps the frames of the BLOBs that were sent last, so that each policy is
/// packed once for all workers.
final class MessagePacker: Sendable {
    /// The bytes of the frames that are kept: those of many policies, or a few large ones.
    private static let keptBytes = 64 << 20

    private let codec: MessageCodec
    /// The most recently used last.
    private let blobs = Mutex<[(digest: Digest, frame: Data)]>([])

    init(_ codec: MessageCodec) { self.codec = codec }

    func frame(of message: Message) throws(ProtocolError) -> Data {
        guard case .blob(let blob) = message else { return try codec.encode(message) }
        if let known = known(blob.digest) { return known }
        let frame = try codec.encode(message)
        blobs.withLock { blobs in
            blobs.append((blob.digest, frame))
            while blobs.count > 1, blobs.reduce(0, { $0 + $1.frame.count }) > Self.keptBytes { blobs.removeFirst() }
        }
        return frame
    }

    private func known(_ digest: Digest) -> Data? {
        blobs.withLock { blobs in
            guard let index = blobs.firstIndex(where: { $0.digest == digest }) else { return nil }
            blobs.append(blobs.remove(at: index))
            return blobs.last?.frame
        }
    }
}
