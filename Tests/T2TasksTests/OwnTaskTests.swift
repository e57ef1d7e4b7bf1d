import Foundation
import T2Core
import T2Tasks
import T2TestSupport
import T2Verifiers
import Testing

@Suite("A task of one's own")
struct OwnTaskTests {
    private static let head = """
        name: capitals
        version: 3
        summary: capitals of countries
        prompt: |-
          Name the capital of {country} in {{braces}}.
        splits: {train: train.jsonl, test: test.json}

        """
    private static let records = """
        {"country": "Peru", "answer": "Lima", "options": ["Quito", "Lima"], "tests": ["assert x == 1"]}
        {"country": "Kenya", "answer": "Nairobi", "options": ["Nairobi", "Lima"], "tests": "assert x == 2"}
        """

    private func folder(_ yaml: String, _ records: String = records) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(yaml, to: "task.yaml")
        try folder.write(records, to: "train.jsonl")
        return folder
    }

    private func load(_ yaml: String, _ records: String = records, _ form: PromptForm = .plain) throws -> [Problem] {
        let folder = try folder(yaml, records)
        return try TaskRegistry.bundled.task(named: folder.path).problems(
            split: .train, in: "nowhere", form: form, onBadRecord: .fail
        ).problems
    }

    @Test("a verifier's key beside it is told where it belongs")
    func misplaced() throws {
        let error = #expect(throws: InputError.self) { try load(Self.head + "verifier: regex\npattern: Lima\n") }
        #expect(
            error?.description.contains(
                "pattern: is at the top level, expected it under verifier. Write verifier: {kind")
                == true)
    }

    @Test("a field that is null is absent")
    func null() throws {
        let yaml = Self.head + "verifier: exact\ntopic: t\n"
        let problems = try load(yaml, #"{"country": "Peru", "answer": "Lima", "t": null}"# + "\n")
        #expect(problems.map(\.topic) == ["capitals"])
    }

    @Test("is named by its folder wherever a task is")
    func registry() throws {
        let folder = try folder(Self.head + "verifier: boxed\nmax-tokens: 20\nstop: [\"\\n\\n\"]\n")
        let task = try TaskRegistry.bundled.task(named: folder.path + "/")
        #expect(task.name == "capitals" && task.version == 3 && task.maxTokens == 20)
        #expect(task.splits == [.train, .test] && task.stopStrings(.plain) == ["\n\n"])
        #expect(task.origin == .folder(folder.path))
        let problems = try task.problems(split: .train, in: "nowhere")
        #expect(problems.map(\.id) == ["capitals/train/0", "capitals/train/1"])
        #expect(problems[0].prompt == "Name the capital of Peru in {braces}.")
        #expect(problems[0].verification == .boxed(answer: "Lima"))
    }

    @Test(
        "each verifier reads its fields",
        arguments: [
            ("verifier: exact", Verification.exact(answer: "Lima")),
            ("verifier: {kind: latex, answer: country}", .latex(answer: "Peru")),
            ("verifier: choice", .choice(answer: "B", options: ["Quito", "Lima"])),
            ("verifier: {kind: regex, pattern: '[Ll]ima'}", .regex(pattern: "[Ll]ima")),
            ("verifier: python-tests", .program(programPrefix: "", tests: ["assert x == 1"])),
            (
                "verifier: {kind: python-tests, prefix: country}",
                .program(programPrefix: "Peru", tests: ["assert x == 1"])
            ),
            (
                "verifier: {kind: external, command: [python3, judge.py], timeout: 2.5}",
                .external(
                    task: "capitals",
                    record: String(Self.records.split(separator: "\n")[0]))
            ),
        ])
    func verifiers(yaml: String, verification: Verification) throws {
        #expect(try load(Self.head + yaml + "\n")[0].verification == verification)
    }

    @Test("numbers are taken as they are, and choices by letter, place or text")
    func answers() throws {
        let records = #"{"country":"a","answer":-1.5}"# + "\n" + #"{"country":"b","answer":1000}"#
        #expect(
            try load(Self.head + "verifier: number\n", records).map(\.verification)
                == [.number(answer: "-1.5"), .number(answer: "1000")])
        for (answer, letter) in [("\"A\"", "A"), ("2", "B"), ("\"z\"", "C"), ("\"3\"", "C")] {
            let record = #"{"country":"a","options":["x","y","z"],"answer":\#(answer)}"#
            #expect(
                try load(Self.head + "verifier: choice\n", record)[0].verification
                    == .choice(answer: letter, options: ["x", "y", "z"]))
        }
    }

    @Test("prompts, references and stops may differ by form")
    func forms() throws {
        let yaml = """
            name: t
            prompt: {chat: "Chat {country}", plain: "Plain {country}:"}
            reference: {chat: "It is {answer}.", plain: " {answer}"}
            stop: {plain: ["\\n"]}
            id: country
            topic: answer
            splits: {train: train.jsonl}
            verifier: {kind: regex, pattern: Lima}
            """
        let chat = try load(yaml, Self.records, .chat)
        #expect(chat[0].prompt == "Chat Peru" && chat[0].reference == "It is Lima.")
        #expect(chat[0].id == "t/Peru" && chat[0].topic == "Lima")
        let plain = try load(yaml)
        #expect(plain[0].prompt == "Plain Peru:" && plain[0].reference == " Lima")
        let folder = try folder(yaml)
        let task = try TaskRegistry.bundled.task(named: folder.path)
        #expect(task.stopStrings(.chat) == [] && task.stopStrings(.plain) == ["\n"])
    }

    @Test(
        "a wrong task.yaml names the key and what was expected",
        arguments: [
            ("verifer: boxed", "verifer: there is no such key. Did you mean verifier?"),
            ("verifier: boxd", "verifier: there is no verifier 'boxd'. Did you mean boxed?"),
            ("verifier: {kind: boxed, answr: x}", "verifier.answr: there is no such key. Did you mean answer?"),
            ("verifier: regex", "expected a mapping with pattern"),
            (
                "verifier: {kind: regex, pattern: '('}",
                "pattern '(' cannot be used: at character 2, a group is not closed"
            ),
            ("verifier: {kind: regex}", "verifier.pattern: is nothing, expected a regular expression"),
            ("verifier: {kind: external}", "verifier.command: is nothing, expected a list"),
            (
                "verifier: {kind: external, command: [a], timeout: 0}",
                "verifier.timeout: is '0', expected a number above 0"
            ),
            ("verifier: boxed\nmax-tokens: 0", "max-tokens: is '0', expected a whole number of 1 or more"),
            ("verifier: boxed\nstop: {chta: [a]}", "stop.chta: there is no such key. Did you mean chat?"),
            ("verifier: boxed\nreference: '{a'", "reference: a { opens no {field}"),
            ("verifier: boxed\nreference: 'a}'", "reference: a } closes no {field}"),
            ("", "verifier: is nothing, expected a text"),
        ])
    func wrongFile(yaml: String, message: String) throws {
        let folder = try folder(Self.head + yaml + "\n")
        let error = #expect(throws: InputError.self) { try TaskRegistry.bundled.task(named: folder.path) }
        #expect(error?.exitStatus == .configuration)
        #expect(error?.description.hasPrefix("\(folder.path)/task.yaml: ") == true)
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test("a name that t2's own tasks have, no name and a folder without a file are refused")
    func names() throws {
        let taken = try folder(Self.head.replacingOccurrences(of: "capitals", with: "gsm8k") + "verifier: boxed\n")
        #expect(throws: InputError.self) { try TaskRegistry.bundled.task(named: taken.path) }
        let spaced = try folder(
            Self.head.replacingOccurrences(of: "name: capitals", with: "name: a b") + "verifier: boxed\n")
        #expect(throws: InputError.self) { try TaskRegistry.bundled.task(named: spaced.path) }
        let empty = try TemporaryFolder()
        let error = #expect(throws: SystemError.self) { try TaskRegistry.bundled.task(named: empty.path) }
        #expect(error?.exitStatus == .noInput)
    }

    @Test(
        "a bad record is named by its line",
        arguments: [
            ("boxed", #"{"answer":"x"}"#, "country is missing"), ("boxed", #"{"country":"a"}"#, "answer is missing"),
            ("boxed", #"{"country":"a","answer":"{"}"#, "expected balanced braces"),
            ("number", #"{"country":"a","answer":"x"}"#, "expected a number"),
            ("choice", #"{"country":"a","answer":"c","options":["a","b"]}"#, "expected a letter from A to B"),
            ("choice", #"{"country":"a","answer":"A","options":["a"]}"#, "there are 1 options"),
            ("choice", #"{"country":"a","answer":"A","options":[]}"#, "options is empty"),
            ("choice", #"{"country":"a","answer":"A","options":[{}, 1]}"#, "options holds a value that is not a text"),
            (
                "exact", #"{"country":["a"],"answer":"x"}"#,
                "country is a list or an object, expected a text or a number"
            ),
            ("exact", #"{"country":"a","answer":" "}"#, "answer is empty"),
            ("exact", "[]", "expected a record of capitals"),
            ("python-tests", #"{"country":"a"}"#, "tests is missing"),
            ("exact", #"{"country":"Peru", "answer":"Lima"}"#, "the same record is already on line 1"),
        ])
    func badRecord(verifier: String, record: String, problem: String) throws {
        let first = #"{"country":"Peru","answer":1,"options":["a","b"],"tests":["1"],"number":1}"#
        let good = verifier == "exact" ? #"{"country":"Peru","answer":"Lima"}"# : first
        let folder = try folder(Self.head + "verifier: \(verifier)\n", "\(good)\n\(record)\n")
        let task = try TaskRegistry.bundled.task(named: folder.path)
        let error = #expect(throws: InputError.self) { try task.problems(split: .train, in: "") }
        #expect(error?.exitStatus == .data)
        #expect(error?.description.hasPrefix("\(folder.path)/train.jsonl:2: ") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
        let set = try task.problems(split: .train, in: "", form: .chat, onBadRecord: .skip)
        #expect(set.problems.count == 1 && set.skipped.count == 1)
    }

    @Test("a check tells splits, bad records, leaks and golds that the verifier finds wrong")
    func check() throws {
        let folder = try folder(
            Self.head + "reference: \"\\\\boxed{{{answer}}}\"\nverifier: {kind: boxed, answer: gold}\n")
        try folder.write(
            """
            {"country": "Peru", "answer": "Lima", "gold": "Lima"}
            {"country": "Kenya", "answer": "Mombasa", "gold": "Nairobi"}
            {"country": "Chad"}
            """, to: "train.jsonl")
        let task = try TaskRegistry.bundled.task(named: folder.path)
        let verifier = try Verifier(parallelism: 1, tasks: [task])
        var check = TaskCheck(task, in: "", form: .chat, verifier: verifier)
        #expect(check.parts.map(\.problems) == [2, 0] && check.parts[0].bad.count == 1)
        #expect(check.parts[1].failure?.contains("test.json") == true)
        #expect(check.samples.map(\.id) == ["capitals/train/0", "capitals/train/1"])
        #expect(check.golds.checked == 2 && check.golds.failures.map(\.problem) == ["capitals/train/1"])
        #expect(check.golds.failures.first?.examination.extracted == "Mombasa")
        #expect(!check.isGood)
        try folder.write(#"[{"country": "Peru", "answer": "Lima", "gold": "Lima"}]"#, to: "test.json")
        check = TaskCheck(task, in: "", form: .chat, verifier: verifier)
        #expect(check.parts[1].problems == 1 && check.parts[1].shared == 1)
    }

    @Test("a command of the task's own judges, where the folder is at hand; it sees the record")
    func external() throws {
        let folder = try folder(
            Self.head + "reference: \"{answer}\"\nverifier: {kind: external, command: [python3, judge.py]}\n")
        try folder.write(
            """
            import json, sys
            for line in sys.stdin:
                request = json.loads(line)
                right = request["response"] == request["record"]["answer"]
                outcome = "right" if right else "wrong" if request["finished"] else "no-answer"
                print(json.dumps({"outcome": outcome, "extracted": request["response"]}), flush=True)
            """, to: "judge.py")
        let task = try TaskRegistry.bundled.task(named: folder.path)
        let problems = try task.problems(split: .train, in: "")
        let verifier = try Verifier(parallelism: 2, tasks: [task])
        #expect(GoldCheck(problems, verifier: verifier).failures == [])
        let examinations = verifier.examine([
            Submission(problem: problems[0], completion: "Quito", finished: true),
            Submission(problem: problems[0], completion: "Lima", finished: true),
            Submission(problem: problems[0], completion: "Li", finished: false),
        ])
        #expect(examinations.map(\.reward) == [.judged(.wrong), .judged(.right), .judged(.cutOff)])
        #expect(examinations[0].extracted == "Quito")
        let elsewhere = Verifier(parallelism: 1).examine([
            Submission(problem: problems[0], completion: "Lima", finished: true)
        ])[0]
        #expect(elsewhere.reward.value == nil)
        let absent = try self.folder(Self.head + "verifier: {kind: external, command: [./nowhere]}\n")
        let other = try TaskRegistry.bundled.task(named: absent.path)
        #expect(throws: InputError.self) { try Verifier(parallelism: 1, tasks: [other]) }
    }
}
