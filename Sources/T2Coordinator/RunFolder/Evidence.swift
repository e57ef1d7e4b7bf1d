import Foundation
import T2Core
import T2Formats
import T2Transport

/// The folder of a run with the evidence of failed units, from which they can be computed again.
///
/// `evidence/step-000012-train-3/attempt-2/` holds the files of `UnitEvidence`, the reason as `message.txt` and, if the worker
/// sent some, the last lines of its log as `worker.log`.
package struct Evidence: Sendable {
    package let folder: String

    /// Writes the evidence of one attempt.
    ///
    /// - Returns: the attempt's folder.
    /// - Throws: `SystemError`.
    package func save(_ evidence: UnitEvidence, of failure: UnitFailure) throws -> String {
        let unit = evidence.lease.unit
        let path =
            "\(folder)/\(String(format: "step-%06d", unit.step))-\(unit.phase.rawValue)-\(unit.index)/attempt-\(failure.attempt)"
        try RunFolder.makeFolder(path)
        try evidence.write(to: path)
        try AtomicFile.write(
            "\(unit), attempt \(failure.attempt), worker \(failure.worker): \(failure.category.rawValue): \(failure.message)\n",
            to: path + "/message.txt")
        if !failure.logLines.isEmpty {
            try AtomicFile.write(failure.logLines.map { $0 + "\n" }.joined(), to: path + "/worker.log")
        }
        return path
    }
}
