import Foundation
import T2Core

/// Turns records into problems, and reports or skips the bad ones.
///
/// Invariant: every record becomes a problem or is reported as bad, whichever split it belongs to.
struct ProblemReading {
    /// The name of the task, for messages.
    let task: String
    /// True if two records with one id are the same record; otherwise the prompt and reference decide.
    let hasIDs: Bool
    let handling: BadRecordHandling
    /// The remedy for a bad record, for messages.
    let remedy: String

    /// - Parameters:
    ///   - location: the file or folder of the records, for messages.
    ///   - isWanted: true if the record with this index belongs to the split.
    /// - Throws: `InputError` (data) if there is no good record in the split, or for the first bad record under
    ///   `.fail`.
    func problems(
        _ records: [RecordText], in location: String, where isWanted: (Int, Problem) -> Bool = { _, _ in true },
        make: (RecordText) throws -> Problem
    ) throws -> ProblemSet {
        var problems: [Problem] = []
        var skipped: [String] = []
        var locations: [String: String] = [:]
        for record in records {
            do {
                let problem = try self.problem(record, make)
                try requireNew(problem, at: record.location, &locations)
                if isWanted(record.index, problem) { problems.append(problem) }
            } catch let flaw as RecordFlaw {
                guard handling == .skip else { throw InputError(record.location, flaw.description, remedy: remedy) }
                skipped.append("\(record.location): \(flaw)")
            }
        }
        guard !problems.isEmpty else { throw empty(location, records: records.count, skipped) }
        return ProblemSet(problems: problems, skipped: skipped)
    }

    private func problem(_ record: RecordText, _ make: (RecordText) throws -> Problem) throws -> Problem {
        do {
            return try make(record)
        } catch DecodingError.dataCorrupted where record.isLast {
            throw RecordFlaw("the file ends inside a record, expected a whole JSON object and a line end")
        } catch let error as DecodingError {
            throw RecordFlaw("expected a record of \(task): \(decodingProblem(error, in: record.content))")
        }
    }

    private func requireNew(_ problem: Problem, at location: String, _ locations: inout [String: String]) throws {
        let key = hasIDs ? problem.id : "\(problem.prompt)\u{0}\(problem.reference ?? "")"
        if let earlier = locations[key] {
            // `train.jsonl:3` to `on line 3`, `train.json[2]` to `in record 2`.
            let words =
                earlier.hasSuffix("]")
                ? "in record \(earlier.split(separator: "[").last?.dropLast() ?? "")"
                : earlier.split(separator: ":").last.flatMap { Int($0) }.map { "on line \($0)" } ?? "at \(earlier)"
            throw RecordFlaw(
                hasIDs
                    ? "id '\(problem.id)' is already used \(words), expected distinct ids"
                    : "the same record is already \(words), expected it once")
        }
        locations[key] = location
    }

    private func empty(_ location: String, records: Int, _ skipped: [String]) -> InputError {
        if let first = skipped.first, skipped.count == records {
            return InputError(
                location, "all \(records) records are bad, the first: \(first)",
                remedy: "Check that this is the data of \(task).")
        }
        return InputError(
            location,
            records == 0
                ? "the data set is empty, expected one problem a line"
                : "none of its \(records - skipped.count) problems is in this split", remedy: remedy)
    }
}

/// A record of valid JSON that is not a problem of its task.
struct RecordFlaw: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The problems of a split, and the records of its files that were left out.
package struct ProblemSet: Sendable, Equatable {
    /// In the order of the file; never empty.
    package let problems: [Problem]
    /// The location and the problem of each bad record of the whole file, whichever split it belongs to.
    package let skipped: [String]
}
