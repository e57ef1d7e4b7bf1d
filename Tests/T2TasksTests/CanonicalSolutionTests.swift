import Foundation
import T2Sandbox
import T2Tasks
import Testing

/// The published data sets: in the folder `data` of `T2_SHARED`, or of `shared` beside the checkout.
private enum SharedPrograms {
    static func path(_ name: String) -> String {
        let checkout = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let shared =
            ProcessInfo.processInfo.environment["T2_SHARED"].map { URL(filePath: $0) }
            ?? checkout.appending(path: "../shared")
        return shared.appending(path: "data/\(name)").standardized.path
    }

    static func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    static func lines<Record: Decodable>(_ data: Data, of type: Record.Type) throws -> [Record] {
        try data.split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(type, from: Data($0)) }
    }

    static func lines<Record: Decodable>(_ name: String, of type: Record.Type) throws -> [Record] {
        try lines(Data(contentsOf: URL(filePath: path(name))), of: type)
    }

    /// A compressed file's content, by the system's gzip.
    static func decompressed(_ name: String) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", path(name)]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return data
    }
}

/// Solutions that their own tests refuse would be named here with the reason; there are none.
@Suite("Canonical solutions", .serialized, .timeLimit(.minutes(10)))
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
        .enabled(if: SharedPrograms.exists("mbpp/mbpp.jsonl"), "shared/data/mbpp/mbpp.jsonl is absent"))
    func mbpp() throws {
        let records = try SharedPrograms.lines("mbpp/mbpp.jsonl", of: MBPPRecord.self)
        try expectAllPass(records.map { ("MBPP \($0.task_id)", $0.program) }, count: 974)
    }

    @Test(
        "of sanitized MBPP pass all their tests",
        .enabled(
            if: SharedPrograms.exists("mbpp/sanitized-mbpp.json"), "shared/data/mbpp/sanitized-mbpp.json is absent"))
    func sanitizedMBPP() throws {
        let data = try Data(contentsOf: URL(filePath: SharedPrograms.path("mbpp/sanitized-mbpp.json")))
        let records = try JSONDecoder().decode([MBPPRecord].self, from: data)
        try expectAllPass(records.map { ("sanitized MBPP \($0.task_id)", $0.program) }, count: 427)
    }

    @Test(
        "of HumanEval pass all their tests",
        .enabled(
            if: SharedPrograms.exists("humaneval/HumanEval.jsonl.gz"),
            "shared/data/humaneval/HumanEval.jsonl.gz is absent"))
    func humanEval() throws {
        let data = try SharedPrograms.decompressed("humaneval/HumanEval.jsonl.gz")
        let records = try SharedPrograms.lines(data, of: HumanEvalRecord.self)
        try expectAllPass(records.map { ($0.task_id, $0.program) }, count: 164)
    }
}
