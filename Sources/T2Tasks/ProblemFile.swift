import Foundation
import T2Core

/// One JSON Lines file of problems: a record a line, lines of white space between them allowed.
struct ProblemFile {
    let path: String
    let task: TrainingTask

    func problems() throws -> [Problem] {
        var problems: [Problem] = []
        var lineOfIdentifier: [String: Int] = [:]
        let lines = try content().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.allSatisfy({ Self.whiteSpace.contains($0) }) {
            // The last piece has no line end behind it: if it does not parse, the file was most likely cut.
            let problem = try self.problem(in: line, number: index + 1, isLast: index == lines.count - 1)
            if let earlier = lineOfIdentifier.updateValue(index + 1, forKey: problem.id) {
                throw malformed(
                    index + 1, "id '\(problem.id)' was used on line \(earlier) already, expected distinct ids")
            }
            problems.append(problem)
        }
        guard !problems.isEmpty else {
            throw InputError(path, "the data set is empty, expected one problem a line", remedy: Self.remedy)
        }
        return problems
    }

    private func content() throws -> Data {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open the problems of \(task.name)", path) }
        do {
            return try FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).readToEnd() ?? Data()
        } catch {
            throw InputError(path, "cannot be read: \(error)", remedy: "Check the disk.", exitStatus: .inputOutput)
        }
    }

    private func problem(in line: Data.SubSequence, number: Int, isLast: Bool) throws -> Problem {
        let record: ProblemRecord
        do {
            record = try JSONDecoder().decode(ProblemRecord.self, from: line)
        } catch DecodingError.dataCorrupted where isLast {
            throw malformed(number, "the file ends inside a record, expected a whole JSON object and a line end")
        } catch {
            throw malformed(number, "expected a record of \(task.name): \(decodingProblem(error))")
        }
        do {
            return try record.problem(answerForm: task.answerForm)
        } catch let flaw as ProblemRecord.Flaw {
            throw malformed(number, flaw.description)
        }
    }

    private func malformed(_ line: Int, _ problem: String) -> InputError {
        InputError("\(path):\(line)", problem, remedy: Self.remedy)
    }

    private static let remedy = "Restore the file, or make it anew with scripts/base_model."
    private static let whiteSpace: Set<UInt8> = [0x20, 0x09, 0x0D]
}
