import Foundation
import T2Core
import T2Formats

/// Reads and writes files of records: JSON Lines, one record per problem.
extension EvaluationRecord {
    /// - Throws: `SystemError` if the file cannot be written.
    package static func write(_ records: [EvaluationRecord], to path: String) throws {
        try AtomicFile.write(try records.map { try CanonicalJSON.text($0) + "\n" }.joined(), to: path)
    }

    /// The records of a file in their order; blank lines between them are allowed.
    ///
    /// - Throws: `SystemError` if the file cannot be read; `InputError` with the line that is not a record or repeats an id, or
    ///   with the file if it holds no records.
    package static func read(path: String) throws -> [EvaluationRecord] {
        let file = try MappedFile(path: path)
        var records: [EvaluationRecord] = []
        var lineOfIdentifier: [String: Int] = [:]
        let lines = file.data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.allSatisfy(whiteSpace.contains) {
            let number = index + 1
            let record: EvaluationRecord
            do {
                record = try JSONDecoder().decode(EvaluationRecord.self, from: line)
            } catch {
                throw malformed(
                    "\(path):\(number)", "expected a record of t2 eval: \(decodingProblem(error, in: line))")
            }
            if let earlier = lineOfIdentifier.updateValue(number, forKey: record.id) {
                throw malformed(
                    "\(path):\(number)", "id '\(record.id)' is already used on line \(earlier), expected distinct ids")
            }
            records.append(record)
        }
        guard !records.isEmpty else { throw malformed(path, "it holds no records, expected one per line") }
        return records
    }

    private static func malformed(_ location: String, _ problem: String) -> InputError {
        InputError(location, problem, remedy: "Create the file again: t2 eval --records FILE …")
    }

    private static let whiteSpace: Set<UInt8> = [0x20, 0x09, 0x0D]
}
