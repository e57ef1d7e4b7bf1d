import Foundation
import T2Core

/// The JSON header of a BLOB. The payload holds `values` (f32), deflated.
struct BlobHeader: Codable {
    let digest: Digest
    let kind: Policy.Kind
    /// This is not an `ExpertLayout` yet, because a peer's counts are unchecked and their sum may overflow.
    let layout: [ExpertLayout.Entry]
    let payload: [TensorDescription]

    init(_ blob: Blob, payload: inout TensorParts) {
        payload.appendDeflated("values", blob.policy.vector?.values ?? [])
        digest = blob.digest
        kind = blob.policy.kind
        layout = blob.policy.vector?.layout.entries ?? []
        self.payload = payload.descriptions
    }

    /// Decodes the blob and checks that its kind, layout and values match its digest.
    func blob(_ parts: [Data], _ limits: MessageLimits) throws(ProtocolError) -> Blob {
        let received = try TensorParts(kind: .blob, descriptions: payload, parts: parts)
        let kind = received.kind
        guard parts.count == 1 else { throw .wrongPartCount(kind: kind, expected: 3, found: 2 + parts.count) }
        try ProtocolError.require(layout.count, atMost: limits.layoutEntries, "layout entries", kind: kind)
        let largest = limits.messageBytes / MemoryLayout<Float>.stride
        let total = try ProtocolError.total(
            layout.map(\.count), atMost: largest, "values of the layout", kind: kind
        ) { index in
            "layout: '\(printable(layout[index].name))' has \(layout[index].count) values"
        }
        let values = try received.deflatedValues(0, name: "values", count: total)
        let vector = ExpertVector(layout: ExpertLayout(entries: layout), values: values)
        guard let policy = Policy(self.kind, vector: self.kind == .base ? nil : vector) else {
            throw .malformedHeader(kind: kind, problem: "kind: '\(self.kind.rawValue)' does not match the vector")
        }
        let found = policy.digest
        guard found == digest else { throw .digestMismatch(kind: kind, expected: digest, found: found) }
        return Blob(digest: digest, policy: policy)
    }
}
