import Foundation
import T2Core
import T2Tasks
import T2TestSupport
import Testing

@Suite("Tasks and their data")
struct TrainingTaskTests {
    @Test(
        "an unknown task is a usage error that suggests the nearest one",
        arguments: [
            ("gsm_mini", "Did you mean gsm-mini? "), ("arc-mni", "Did you mean arc-mini? "),
            ("humaneva", "Did you mean humaneval? "), ("poetry", ""), ("", ""),
        ])
    func unknownTask(name: String, suggestion: String) {
        let error = #expect(throws: InputError.self) { try TaskRegistry.bundled.task(named: name) }
        #expect(error?.exitStatus == .usage)
        let names =
            "gsm-mini, mbpp-mini, arc-mini, math-mini, humaneval-mini, arcc-mini, classify, gsm8k, mbpp, mbpp-sanitized, "
            + "mbpp-plus, arc-easy, arc-challenge, math, humaneval, humaneval-plus, classify-published"
        let remedy = "\(suggestion)Tasks: \(names), or a folder with a task.yaml."
        #expect(error?.description == "task '\(name)': there is no such task. \(remedy)")
    }

    @Test("only tasks of programs need the sandbox")
    func sandbox() {
        #expect(
            TaskRegistry.bundled.tasks.filter(\.needsSandbox).map(\.name) == [
                "mbpp-mini", "humaneval-mini", "mbpp", "mbpp-sanitized", "mbpp-plus", "humaneval", "humaneval-plus",
            ])
    }

    private static let records: [(task: String, record: String, verification: Verification)] = [
        ("gsm-mini", #"{"id":"a","topic":"t","prompt":"p","answer":"42","reference":"r"}"#, .number(answer: "42")),
        ("math-mini", #"{"id":"a","topic":"t","prompt":"p","answer":"x{y}"}"#, .boxed(answer: "x{y}")),
        ("arcc-mini", #"{"id":"a","topic":"t","prompt":"p","answer":"C"}"#, .choice(answer: "C", options: [])),
        (
            "humaneval-mini", #"{"id":"a","topic":"t","prompt":"p","program_prefix":"d\n","tests":["assert 1"]}"#,
            .program(programPrefix: "d\n", tests: ["assert 1"])
        ),
    ]

    @Test("reads the records of each kind of task", arguments: records)
    func reads(task: String, record: String, verification: Verification) throws {
        let folder = try TemporaryFolder()
        let second = record.replacingOccurrences(of: #""id":"a""#, with: #""id":"b""#)
        try folder.write("\n\(record)\r\n \n\(second)", to: "\(task)/valid.jsonl")
        let problems = try TaskRegistry.bundled.task(named: task).problems(split: .valid, in: folder.path)
        #expect(
            problems.map(\.withoutReference)
                == ["a", "b"].map { Problem(id: $0, topic: "t", prompt: "p", verification: verification) })
        #expect(problems[0].reference == (task == "gsm-mini" ? "r" : nil))
    }

    private static let good = #"{"id":"a","topic":"t","prompt":"p","answer":"42"}"#

    @Test(
        "a bad record names file, line, what was found and what was expected",
        arguments: [
            ("gsm-mini", "", ":", "the data set is empty, expected one problem a line"),
            ("gsm-mini", "\n \n", ":", "the data set is empty, expected one problem a line"),
            ("gsm-mini", "\(good)\n\(good)\n", ":2:", "id 'a' is already used on line 1, expected distinct ids"),
            ("gsm-mini", "\(good)\n{\"id\":\"b\",\"top", ":2:", "the file ends inside a record"),
            ("gsm-mini", "nonsense\n\(good)\n", ":1:", "not valid JSON"),
            ("gsm-mini", "7\n", ":1:", "expected a record of gsm-mini"),
            ("gsm-mini", #"{"id":"a","topic":"t","prompt":"p"}"# + "\n", ":1:", "answer is missing"),
            ("gsm-mini", #"{"id":"a","topic":"t","answer":"4"}"# + "\n", ":1:", "prompt is missing"),
            ("gsm-mini", #"{"id":"a","topic":"t","prompt":"p","answer":42}"# + "\n", ":1:", "answer: "),
            ("gsm-mini", #"{"id":"a","topic":"t","prompt":"","answer":"4"}"# + "\n", ":1:", "prompt is empty"),
            ("gsm-mini", #"{"id":"","topic":"t","prompt":"p","answer":"4"}"# + "\n", ":1:", "id is empty"),
            ("gsm-mini", #"{"id":"a","topic":"t","prompt":"p","answer":"four"}"# + "\n", ":1:", "expected a number"),
            (
                "math-mini", #"{"id":"a","topic":"t","prompt":"p","answer":"{x"}"# + "\n", ":1:",
                "expected balanced braces"
            ),
            (
                "math-mini", #"{"id":"a","topic":"t","prompt":"p","answer":"x}"}"# + "\n", ":1:",
                "expected balanced braces"
            ),
            (
                "arc-mini", #"{"id":"a","topic":"t","prompt":"p","answer":"CD"}"# + "\n", ":1:",
                "expected one capital letter"
            ),
            (
                "mbpp-mini", #"{"id":"a","topic":"t","prompt":"p","program_prefix":""}"# + "\n", ":1:",
                "tests is missing"
            ),
            (
                "mbpp-mini", #"{"id":"a","topic":"t","prompt":"p","tests":["a"]}"# + "\n", ":1:",
                "program_prefix is missing"
            ),
            (
                "mbpp-mini", #"{"id":"a","topic":"t","prompt":"p","program_prefix":"","tests":[]}"# + "\n", ":1:",
                "tests is empty"
            ),
        ])
    func badRecord(task: String, content: String, place: String, problem: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(content, to: "\(task)/train.jsonl")
        let task = try TaskRegistry.bundled.task(named: task)
        let error = #expect(throws: InputError.self) { try task.problems(split: .train, in: folder.path) }
        #expect(error?.exitStatus == .data)
        let description = error?.description ?? ""
        #expect(description.hasPrefix("\(folder.path)/\(task.name)/train.jsonl\(place) "), "\(description)")
        #expect(description.contains(problem), "\(description)")
        #expect(description.hasSuffix("Restore the file, or make it again with scripts/base_model."))
    }

    @Test("bytes that are no UTF-8 are a bad record")
    func badBytes() throws {
        let folder = try TemporaryFolder()
        let task = try TaskRegistry.bundled.task(named: "gsm-mini")
        let record =
            Data(#"{"id":"a","topic":"t","prompt":"p"#.utf8) + [0xFF, 0xC0] + Data("\",\"answer\":\"1\"}\n".utf8)
        try folder.write(record, to: "\(task.name)/test.jsonl")
        let error = #expect(throws: InputError.self) { try task.problems(split: .test, in: folder.path) }
        #expect(error?.description.contains("test.jsonl:1: ") == true)
    }

    @Test("a missing file is no input")
    func missing() throws {
        let folder = try TemporaryFolder()
        let task = try TaskRegistry.bundled.task(named: "arc-mini")
        let error = #expect(throws: SystemError.self) { try task.problems(split: .test, in: folder.path) }
        #expect(error?.exitStatus == .noInput)
        #expect(error?.path == "\(folder.path)/arc-mini/test.jsonl")
    }
}
