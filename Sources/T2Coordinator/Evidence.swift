import Foundation
import T2Core
import T2Transport

/// What is saved of a refused unit so that it can be replayed: the lease, its z, the result as it came, and the reason.
///
/// Layout: `evidence/step-000012-train-3/attempt-2/` holds `lease.json`, `z.safetensors`, `result-<n>.frame` (the message's
/// frames in order) and `message.txt`.
package struct Evidence: Sendable {
    package let folder: String

    /// Writes one attempt's evidence.
    ///
    /// - Returns: the attempt's folder.
    /// - Throws: `SystemError`.
    package func save(
        lease: Lease, policy: ExpertFile, result: UnitResult?, failure: UnitFailure
    ) throws -> String {
        let unit = lease.unit
        let path =
            "\(folder)/\(String(format: "step-%06d", unit.step))-\(unit.phase.rawValue)-\(unit.index)/attempt-\(failure.attempt)"
        try RunFolder.makeFolder(path)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(encoder.encode(lease), to: path + "/lease.json")
        try policy.write(to: path + "/z.safetensors")
        try AtomicFile.write(
            "\(unit), attempt \(failure.attempt), worker \(failure.worker): \(failure.category): \(failure.message)\n",
            to: path + "/message.txt")
        if let result, let frames = try? MessageCodec().encode(.result(result)) {
            for (place, frame) in frames.enumerated() {
                try AtomicFile.write(frame, to: "\(path)/result-\(place).frame")
            }
        }
        return path
    }
}
