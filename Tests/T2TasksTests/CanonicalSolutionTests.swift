import Foundation
import T2Sandbox
import T2Tasks
import T2TestSupport
import Testing

/// Solutions that their own tests refuse would be named here with the reason; there are none.
@Suite("Canonical solutions", .serialized, .timeLimit(.minutes(20)))
struct CanonicalSolutionTests {
    private struct MBPPRecord: Decodable {
        let task_id: Int
        let code: String
        let test_setup_code: String?
        let test_imports: [String]?
        let test_list: [String]
        let challenge_test_list: [String]?

        var program: Program {
            let setup = (test_imports ?? []) + [test_setup_code ?? ""].filter { !$0.isEmpty }
            return Program(source: code, tests: setup + test_list + (challenge_test_list ?? []))
        }
    }

    private struct HumanEvalRecord: Decodable {
        let task_id: String
        let prompt: String
        let canonical_solution: String
        let test: String
        let entry_point: String

        var program: Program {
            Program(source: prompt + canonical_solution, tests: [test, "check(\(entry_point))"])
        }
    }

    private func records<Record: Decodable>(_ file: String, of type: Record.Type) throws -> [Record] {
        try RecordFile.records(of: PublishedFiles.datasets.path(file), purpose: "open a data set").map {
            try JSONDecoder().decode(type, from: $0.content)
        }
    }

    private func expectAllPass(_ programs: [(name: String, program: Program)], count: Int) throws {
        #expect(programs.count == count)
        let results = try ProgramSandbox(parallelism: 2).run(programs.map(\.program))
        for (entry, result) in zip(programs, results) { #expect(result == .passed, "\(entry.name)") }
        // The same solutions must not pass whatever the tests are.
        let refuted = programs.prefix(50).map {
            Program(source: $0.program.source, tests: $0.program.tests + ["assert False"])
        }
        for result in try ProgramSandbox(parallelism: 2).run(refuted) { #expect(result != .passed) }
    }

    @Test(
        "of MBPP pass all their tests",
        .enabled(
            if: PublishedFiles.datasets.have(["mbpp/mbpp.jsonl"]),
            "\(PublishedFiles.datasets.absence(of: ["mbpp/mbpp.jsonl"]))"))
    func mbpp() throws {
        let records = try records("mbpp/mbpp.jsonl", of: MBPPRecord.self)
        try expectAllPass(records.map { ("MBPP \($0.task_id)", $0.program) }, count: 974)
    }

    @Test(
        "of sanitized MBPP pass all their tests",
        .enabled(
            if: PublishedFiles.datasets.have(["mbpp/sanitized-mbpp.json"]),
            "\(PublishedFiles.datasets.absence(of: ["mbpp/sanitized-mbpp.json"]))"))
    func sanitizedMBPP() throws {
        let records = try records("mbpp/sanitized-mbpp.json", of: MBPPRecord.self)
        try expectAllPass(records.map { ("sanitized MBPP \($0.task_id)", $0.program) }, count: 427)
    }

    @Test(
        "of HumanEval pass all their tests",
        .enabled(
            if: PublishedFiles.datasets.have(["humaneval/HumanEval.jsonl.gz"]),
            "\(PublishedFiles.datasets.absence(of: ["humaneval/HumanEval.jsonl.gz"]))"))
    func humanEval() throws {
        let records = try records("humaneval/HumanEval.jsonl.gz", of: HumanEvalRecord.self)
        try expectAllPass(records.map { ($0.task_id, $0.program) }, count: 164)
    }
}
