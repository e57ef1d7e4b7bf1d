import Foundation
import T2Core
import T2TestSupport
import Testing

@Suite("t2 tasks")
struct TasksProgramTests {
    private func run(_ arguments: [String], input: String = "", in folder: TemporaryFolder) throws -> ProgramRun {
        try ProgramRun(["tasks"] + arguments, input: input, in: folder)
    }

    @Test("list names every task and its splits")
    func list() throws {
        let folder = try TemporaryFolder()
        let found = try run(["list", "--json"], in: folder)
        #expect(found.status == 0)
        let tasks = try #require(try found.objects().first?["tasks"] as? [[String: Any]])
        let names = tasks.compactMap { $0["name"] as? String }
        #expect(names.contains("gsm-mini") && names.contains("arc-challenge") && names.contains("humaneval-plus"))
        let people = try run(["list"], in: folder)
        #expect(people.status == 0)
        for name in names { #expect(people.output.contains("\n\(name) ")) }
    }

    @Test("show gives the prompt of a problem in the form asked for")
    func show() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            #"{"question": "1+1?", "answer": "It is <<1+1=2>>2.\n#### 2"}"# + "\n"
                + #"{"question": "1+2?", "answer": "Three.\n#### 3"}"# + "\nbroken\n", to: "data/gsm8k/test.jsonl")
        let data = folder.path + "/data"
        let failed = try run(["show", "gsm8k", "--data", data, "--split", "test"], in: folder)
        #expect(failed.status == 65 && failed.errors.contains("test.jsonl:3: "))
        let shown = try run(
            [
                "show", "gsm8k", "--data", data, "--split", "test", "--problem", "1", "--form", "plain",
                "--on-bad-record",
                "skip", "--json",
            ], in: folder)
        let object = try #require(try shown.objects().first)
        #expect((object["prompt"] as? String)?.hasSuffix("\n\nQuestion: 1+2?\nAnswer:") == true)
        #expect(object["reference"] as? String == " Three.\n#### 3" && object["problems"] as? Int == 2)
        #expect((object["skipped"] as? [String])?.count == 1)
        #expect((object["stop"] as? [String])?.contains("\nQuestion:") == true)
        let beyond = try run(
            ["show", "gsm8k", "--data", data, "--split", "test", "--problem", "2", "--on-bad-record", "skip"],
            in: folder)
        #expect(beyond.status == 64 && beyond.errors.contains("test has 2 problems"))
        let absent = try run(["show", "mbpp", "--data", data], in: folder)
        #expect(absent.status == 66 && absent.errors.contains("mbpp/sanitized") == false)
    }

    @Test("verify judges a line at a time: outcome, what was found, why")
    func verify() throws {
        let folder = try TemporaryFolder()
        let lines = [
            #"{"response": "so\n#### 1,250", "answer": "1250"}"#, #"{"response": " #### 3", "answer": "4"}"#,
            #"{"response": "dunno", "answer": "4"}"#, #"{"response": "dun", "answer": "4", "finished": false}"#,
            #"{"response": " #### 3", "answer": "many"}"#,
        ]
        let found = try run(["verify", "gsm8k"], input: lines.joined(separator: "\n") + "\n", in: folder)
        #expect(found.status == 0, "\(found.errors)")
        let objects = try found.objects()
        #expect(
            objects.map { $0["outcome"] as? String } == ["right", "wrong", "no-answer", "cut-off", "missing"])
        #expect(objects.allSatisfy { $0.keys.sorted() == ["extracted", "outcome", "reason"] })
        #expect(objects[1]["reason"] as? String == "expected 4")
        let bad = try run(["verify", "gsm8k"], input: lines[0] + "\n{}\n", in: folder)
        #expect(bad.status == 65 && bad.errors.contains("standard input:2: "))
        #expect(try bad.objects().map { $0["outcome"] as? String } == ["right"])
        let program = #"{"response": "```python\nx = 1\n```", "test_list": ["assert x == 1"]}"#
        let file = try folder.write(program, to: "answers.jsonl")
        let unsafe = try run(["verify", "mbpp", file, "--unsafe-no-sandbox"], in: folder)
        #expect(try unsafe.objects().first?["outcome"] as? String == "right")
        #expect(try run(["verify", "mbpp", file], in: folder).objects().first?["outcome"] as? String == "right")
    }

    @Test("check finds what is wrong with a task of one's own, and shows its prompts")
    func check() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            """
            name: capitals
            prompt: "Name the capital of {country}."
            reference: "{said}"
            splits: {train: train.jsonl}
            verifier: {kind: exact, answer: capital}
            """, to: "capitals/task.yaml")
        try folder.write(
            #"{"country": "Peru", "capital": "Lima", "said": "Lima"}"#, to: "capitals/train.jsonl")
        let good = try run(["check", folder.path + "/capitals"], in: folder)
        #expect(good.status == 0, "\(good.errors)")
        #expect(good.output.contains("Name the capital of Peru.") && good.output.contains("judged right: 1 of 1"))
        try folder.write(
            #"{"country": "Peru", "capital": "Lima", "said": "Quito"}"# + "\n{}\n", to: "capitals/train.jsonl")
        let bad = try run(["check", folder.path + "/capitals", "--json"], in: folder)
        #expect(bad.status == 65)
        let object = try #require(try bad.objects().first)
        #expect(object["golds_right"] as? Int == 0 && object["golds_judged"] as? Int == 1)
        #expect(object["good"] as? Bool == false)
        let splits = try #require(object["splits"] as? [[String: Any]])
        #expect((splits[0]["bad_records"] as? [String])?.first?.contains("train.jsonl:2: country is missing") == true)
    }
}
