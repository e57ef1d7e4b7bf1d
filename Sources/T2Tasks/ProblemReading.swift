import Foundation
import T2Core

/// Turns the records of files into problems, and decides about those that are none.
///
/// Invariant: every record is made into a problem or named as bad, whichever split it belongs to.
struct ProblemReading {
    /// By what two records are the same.
    enum Identity {
        case id
        /// Prompt and reference: for data sets without ids.
        case content
    }

    /// What messages call the records.
    let task: String
    let identity: Identity
    let policy: BadRecordPolicy
    /// What to do about a bad record.
    let remedy: String

    /// - Parameters:
    ///   - place: of all records together, for messages.
    ///   - isWanted: whether a record, by its index, is of the split.
    /// - Throws: `InputError` (data) if there is no good record in the split, or for the first bad one under `.fail`.
    func problems(
        _ records: [RecordText], in place: String, where isWanted: (Int, Problem) -> Bool = { _, _ in true },
        make: (RecordText) throws -> Problem
    ) throws -> ProblemSet {
        var problems: [Problem] = []
        var skipped: [BadRecord] = []
        var placeOfIdentity: [String: String] = [:]
        for record in records {
            do {
                let problem = try self.problem(record, make)
                try requireNew(problem, at: record.place, &placeOfIdentity)
                if isWanted(record.index, problem) { problems.append(problem) }
            } catch let flaw as RecordFlaw {
                guard policy == .skip else { throw InputError(record.place, flaw.description, remedy: remedy) }
                skipped.append(BadRecord(place: record.place, problem: flaw.description))
            }
        }
        guard !problems.isEmpty else { throw empty(place, records: records.count, skipped) }
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

    private func requireNew(_ problem: Problem, at place: String, _ places: inout [String: String]) throws {
        let key = identity == .id ? problem.id : "\(problem.prompt)\u{0}\(problem.reference ?? "")"
        if let earlier = places[key] {
            // `train.jsonl:3` to `line 3`, `train.json[2]` to `record 2`.
            let words =
                earlier.hasSuffix("]")
                ? "record \(earlier.split(separator: "[").last?.dropLast() ?? "")"
                : earlier.split(separator: ":").last.flatMap { Int($0) }.map { "line \($0)" } ?? earlier
            throw RecordFlaw(
                identity == .id
                    ? "id '\(problem.id)' was used on \(words) already, expected distinct ids"
                    : "the same record stands on \(words) already, expected it once")
        }
        places[key] = place
    }

    private func empty(_ place: String, records: Int, _ skipped: [BadRecord]) -> InputError {
        if let first = skipped.first, skipped.count == records {
            return InputError(
                place, "all \(records) records are bad, the first: \(first.description)",
                remedy: "Check that this is the data of \(task).")
        }
        return InputError(
            place,
            records == 0
                ? "the data set is empty, expected one problem a line"
                : "none of its \(records - skipped.count) problems is in this split", remedy: remedy)
    }
}
