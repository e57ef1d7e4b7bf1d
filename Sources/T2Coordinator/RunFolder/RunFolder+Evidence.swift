import Foundation
import T2Core
import T2Formats
import T2Transport

extension RunFolder {
    /// Writes the evidence of a failed attempt, from which the unit can be computed again.
    ///
    /// `evidence/step-000012-train-3/attempt-2/` holds the files of `UnitEvidence`, the reason as `message.txt` and, if the
    /// worker sent some, the last lines of its log as `worker.log`.
    /// - Returns: the attempt's folder.
    /// - Throws: `SystemError`.
    func save(_ evidence: UnitEvidence, of failure: UnitFailure) throws -> String {
        let unit = evidence.lease.unit
        let name = "\(String(format: "step-%06d", unit.step))-\(unit.phase.rawValue)-\(unit.index)"
        let folder = "\(path)/evidence/\(name)/attempt-\(failure.attempt)"
        try Self.makeFolder(folder)
        try evidence.write(to: folder)
        try AtomicFile.write(
            "\(unit), attempt \(failure.attempt), worker \(failure.worker): \(failure.category.rawValue): \(failure.message)\n",
            to: folder + "/message.txt")
        if !failure.logLines.isEmpty {
            try AtomicFile.write(failure.logLines.map { $0 + "\n" }.joined(), to: folder + "/worker.log")
        }
        return folder
    }
}
