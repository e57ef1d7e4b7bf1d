import Foundation
import T2Core
import T2Tasks
import T2TestSupport
import Testing

/// Readers of published data sets, on small records of the same layouts.
@Suite("Readers of published data sets")
struct PublishedReaderTests {
    private func load(
        _ task: String, _ split: Split, _ content: String, at path: String, _ form: PromptForm = .chat,
        _ handling: BadRecordHandling = .fail
    ) throws -> ProblemSet {
        let folder = try TemporaryFolder()
        try folder.write(content, to: path)
        return try TaskRegistry.bundled.task(named: task).problems(
            split: split, in: folder.path, form: form, onBadRecord: handling)
    }

    @Test("GSM8K: even records train, odd ones validate; annotations go, the number stays")
    func gsm8k() throws {
        let content = (0..<5).map { PublishedRecord.sum($0) }.joined(separator: "\n")
        let train = try load("gsm8k", .train, content, at: "gsm8k/train.jsonl").problems
        #expect(train.map(\.id) == ["gsm8k/train/0", "gsm8k/train/2", "gsm8k/train/4"])
        let valid = try load("gsm8k", .valid, content, at: "train.json", .plain).problems
        #expect(valid.map(\.id) == ["gsm8k/train/1", "gsm8k/train/3"])
        #expect(valid[0].verification == .number(answer: "2"))
        #expect(valid[0].reference == " 1+1 = 2\n#### 2")
        #expect(valid[0].prompt.hasSuffix("\n\nQuestion: What is 1 and 1?\nAnswer:"))
        #expect(train[0].prompt.hasSuffix("\n\nWhat is 0 and 1?") && train[0].prompt.contains("#### "))
    }

    @Test("a number keeps its sign, commas and decimals", arguments: ["-12", "1,234", "2.5", "-1,000,000"])
    func golds(gold: String) throws {
        let problems = try load("gsm8k", .test, PublishedRecord.sum(1, answer: "So.\n#### \(gold)"), at: "test.jsonl")
            .problems
        #expect(problems[0].verification == .number(answer: gold))
        #expect(problems[0].reference == "So.\n#### \(gold)")
    }

    @Test(
        "ARC: whatever the labels, the model sees letters",
        arguments: [
            (["A", "B", "C", "D"], "D", "D"), (["1", "2", "3", "4"], "3", "C"), (["1", "2", "3"], "1", "A"),
            (["A", "B", "C"], "B", "B"), (["A", "B", "C", "D", "E"], "E", "E"),
        ], [false, true])
    func arc(labels: (labels: [String], key: String, letter: String), isFlat: Bool) throws {
        let record = PublishedRecord.arc(labels.labels, key: labels.key, isFlat: isFlat)
        let problem = try load("arc-easy", .test, record, at: "arc/ARC-Easy/ARC-Easy-Test.jsonl").problems[0]
        let texts = labels.labels.map { "option \($0)" }
        #expect(problem.verification == .choice(answer: labels.letter, options: texts))
        #expect(problem.prompt.contains("\nA. \(texts[0])\nB. \(texts[1])\nC. \(texts[2])"))
        #expect(problem.reference == "The answer is (\(labels.letter))")
        #expect(problem.id == "ARC-Easy/q")
    }

    @Test("ARC's own splits, also under the names of the Hugging Face form")
    func splitsOfARC() throws {
        let content = (0..<3).map { PublishedRecord.arc(["A", "B"], key: "A", id: "\($0)", isFlat: true) }.joined(
            separator: "\n")
        let locations: [(Split, String, Int)] = [
            (.train, "ARC-Challenge/train.jsonl", 2), (.valid, "ARC-Challenge/train.jsonl", 1),
            (.publishedValidation, "ai2_arc/ARC-Challenge/validation.jsonl", 3),
        ]
        for (split, path, count) in locations {
            #expect(try load("arc-challenge", split, content, at: path).problems.count == count)
        }
    }

    @Test(
        "MBPP: 300 records are shuffled into training and validation, the rest is the test; published splits go by number"
    )
    func mbpp() throws {
        let content = (1...974).map { PublishedRecord.code($0) }.joined(separator: "\n")
        let folder = try TemporaryFolder()
        try folder.write(content, to: "mbpp/mbpp.jsonl")
        let task = try TaskRegistry.bundled.task(named: "mbpp")
        func numbers(_ split: Split) throws -> [Int] {
            try task.problems(split: split, in: folder.path).compactMap { Int($0.id.dropFirst(5)) }
        }
        let (train, valid) = (try numbers(.train), try numbers(.valid))
        #expect(train.count == 200 && valid.count == 100 && Set(train + valid) == Set(1...300))
        #expect(try numbers(.test) == Array(301...974))
        #expect(try numbers(.publishedPrompt) == Array(1...10))
        #expect(try numbers(.publishedTest) == Array(11...510))
        #expect(try numbers(.publishedValidation) == Array(511...600))
        #expect(try numbers(.publishedTrain) == Array(601...974))
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/env")
        python.arguments = [
            "python3", "-c",
            "import random; random.seed(16); o = list(range(300)); random.shuffle(o); print(*[i + 1 for i in o[:200]])",
        ]
        let output = Pipe()
        python.standardOutput = output
        try python.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        python.waitUntilExit()
        #expect(Set(text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }) == Set(train))
    }

    @Test("MBPP: set-up runs before the tests and is shown; line ends are Unix's")
    func setup() throws {
        let record = PublishedRecord.code(1, setup: "root = f(1)\r\nother = 2")
        let problem = try load("mbpp", .publishedPrompt, record, at: "mbpp.jsonl").problems[0]
        let tests = ["root = f(1)\nother = 2", "assert f(1) == 1", "assert f(2) == 2"]
        #expect(problem.verification == .program(programPrefix: "", tests: tests))
        #expect(problem.prompt.contains("root = f(1)\nother = 2") && problem.prompt.contains("assert f(2) == 2"))
        #expect(problem.reference == "```python\ndef f(x):\n\treturn x\n```")
        let plain = try load("mbpp", .publishedPrompt, record, at: "mbpp.jsonl", .plain).problems[0]
        #expect(plain.prompt.hasPrefix("\"\"\"\nWrite f.\n") && plain.prompt.hasSuffix("assert f(2) == 2\n\"\"\"\n"))
        #expect(plain.reference == "def f(x):\n\treturn x\n")
    }

    @Test("sanitized MBPP: one array, with imports before the tests")
    func sanitized() throws {
        let record = PublishedRecord.code(2, key: "prompt", more: ["test_imports": ["import math"]])
        let problem = try load("mbpp-sanitized", .publishedPrompt, "[\(record)]", at: "mbpp/sanitized-mbpp.json")
            .problems[0]
        #expect(
            problem.verification
                == .program(programPrefix: "", tests: ["import math", "assert f(1) == 1", "assert f(2) == 2"]))
    }

    @Test("MBPP+: the tests of the Hugging Face form, the assertions of EvalPlus's")
    func plus() throws {
        let flat = PublishedRecord.code(
            3, key: "prompt", more: ["test_imports": [String](), "test": "for i in [1]:\n    assert f(i) == i"])
        let problem = try load("mbpp-plus", .publishedPrompt, flat, at: "mbppplus/test.jsonl").problems[0]
        #expect(problem.verification == .program(programPrefix: "", tests: ["for i in [1]:\n    assert f(i) == i"]))
        #expect(problem.prompt.contains("assert f(1) == 1"))
        let own = PublishedRecord.json([
            "task_id": "Mbpp/4", "prompt": "\"\"\"\nWrite f.\nassert f(1) == 1\n\"\"\"\n", "entry_point": "f",
            "canonical_solution": "\ndef f(x):\n    return x\n", "base_input": [[1]], "plus_input": [[2]],
            "assertion": "\nassert f(1) == 1\nassert f(2) == 2",
        ])
        let other = try load("mbpp-plus", .publishedPrompt, own, at: "mbpp/MbppPlus.jsonl").problems[0]
        #expect(other.id == "mbpp/4")
        #expect(other.verification == .program(programPrefix: "", tests: ["\nassert f(1) == 1\nassert f(2) == 2"]))
        #expect(other.prompt.contains("\n\nWrite f.\n\n") && !other.prompt.contains("\"\"\""))
    }

    @Test("HumanEval: imports and other functions stay before the one to complete")
    func humanEval() throws {
        let prompt = "import math\n\ndef g(x):\n    return x\n\ndef f(x):\n    \"\"\"Return g.\"\"\"\n"
        let record = PublishedRecord.json([
            "task_id": "HumanEval/0", "prompt": prompt, "entry_point": "f", "canonical_solution": "    return g(x)\n",
            "test": "def check(candidate):\n    assert candidate(2) == 2\n",
        ])
        let plain = try load("humaneval", .test, record, at: "humaneval/HumanEval.jsonl", .plain).problems[0]
        #expect(plain.id == "HumanEval/0" && plain.prompt == prompt && plain.reference == "    return g(x)\n")
        let tests = ["def check(candidate):\n    assert candidate(2) == 2\n", "check(f)"]
        #expect(plain.verification == .program(programPrefix: prompt, tests: tests))
        let chat = try load("humaneval-plus", .test, record, at: "HumanEvalPlus.jsonl").problems[0]
        #expect(chat.reference == "```python\n\(prompt)    return g(x)\n```")
        for problem in [plain, chat] {
            #expect(GoldCheck([problem], verifier: Verifier(parallelism: 1)).failures == [])
        }
    }

    @Test("MATH: one file a problem, by type and number; the last box counts, whatever braces it holds")
    func math() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            PublishedRecord.competition(#"\boxed{1}, no: $\boxed{\frac{1}{\sqrt{2}}}$."#),
            to: "MATH/test/algebra/10.json")
        try folder.write(PublishedRecord.competition(#"$\boxed{\left\{2\right\}}$"#), to: "MATH/test/algebra/9.json")
        try folder.write(PublishedRecord.competition(#"$\boxed{3}$"#), to: "MATH/test/geometry/1.json")
        let task = try TaskRegistry.bundled.task(named: "math")
        let problems = try task.problems(split: .test, in: folder.path)
        #expect(problems.map(\.id) == ["math/test/algebra/9", "math/test/algebra/10", "math/test/geometry/1"])
        #expect(problems[0].verification == .latex(answer: #"\left\{2\right\}"#))
        #expect(problems[1].verification == .latex(answer: #"\frac{1}{\sqrt{2}}"#))
        #expect(problems[0].topic == "Algebra")
        let lines = [PublishedRecord.competition(#"\boxed{1}"#), PublishedRecord.competition(#"\boxed{2}"#)].joined(
            separator: "\n")
        #expect(try load("math", .valid, lines, at: "math/train.jsonl").problems.map(\.id) == ["math/train/1"])
    }

    @Test(
        "a bad record is named by its place, or left out and counted",
        arguments: [
            ("gsm8k", "test.jsonl", PublishedRecord.sum(1, answer: "no mark"), "answer holds #### 0 times"),
            ("gsm8k", "test.jsonl", PublishedRecord.sum(1, answer: "#### many"), "expected a number"),
            ("gsm8k", "test.jsonl", PublishedRecord.sum(0), "the same record is already on line 1"),
            ("gsm8k", "test.jsonl", "{\"question\": \"cut", "the file ends inside a record"),
            ("gsm8k", "test.jsonl", "{}", "question is missing"),
            ("mbpp", "mbpp.jsonl", PublishedRecord.code(900, more: ["test_list": [String]()]), "there are no tests"),
            ("mbpp", "mbpp.jsonl", PublishedRecord.code(900, text: " "), "text is empty"),
            ("mbpp", "mbpp.jsonl", PublishedRecord.code(900, more: ["code": ""]), "code is empty"),
            (
                "mbpp", "mbpp.jsonl", PublishedRecord.code(900, more: ["task_id": "x"]),
                "task_id is 'x', expected a number"
            ),
            ("mbpp", "mbpp.jsonl", PublishedRecord.code(301), "id 'mbpp/301' is already used on line 301"),
            (
                "arc-easy", "ARC-Easy/test.jsonl", PublishedRecord.arc(["A", "B"], key: "C"),
                "answerKey is 'C', expected one of A, B"
            ),
            (
                "arc-easy", "ARC-Easy/test.jsonl", PublishedRecord.arc(["A", "A"], key: "A"),
                "two options have the same label"
            ),
            ("arc-easy", "ARC-Easy/test.jsonl", PublishedRecord.arc(["A"], key: "A"), "there are 1 options"),
            (
                "arc-easy", "ARC-Easy/test.jsonl", PublishedRecord.arc(["A", "B"], key: "A", texts: ["x", ""]),
                "an option is empty"
            ),
            (
                "arc-easy", "ARC-Easy/test.jsonl",
                PublishedRecord.arc(["A", "B"], key: "A", isFlat: true, texts: ["x"]), "1 options and 2"
            ),
            ("math", "MATH/test.jsonl", PublishedRecord.competition("no box"), "solution has no closed \\boxed{}"),
            ("math", "MATH/test.jsonl", PublishedRecord.competition("\\boxed{1"), "solution has no closed \\boxed{}"),
            (
                "humaneval", "HumanEval.jsonl",
                PublishedRecord.json([
                    "task_id": "x", "prompt": "def g():", "entry_point": "f", "canonical_solution": "", "test": "",
                ]),
                "prompt does not begin the function f"
            ),
        ])
    func bad(task: String, path: String, record: String, problem: String) throws {
        let good: [String] =
            switch task {
            case "gsm8k": [PublishedRecord.sum(0)]
            case "mbpp": (1...301).map { PublishedRecord.code($0) }
            case "arc-easy": [PublishedRecord.arc(["A", "B"], key: "A", id: "good")]
            case "math": [PublishedRecord.competition(#"\boxed{1}"#)]
            default:
                [
                    PublishedRecord.json([
                        "task_id": "HumanEval/0", "prompt": "def f():\n", "entry_point": "f",
                        "canonical_solution": "    pass", "test": "def check(c):\n    c()",
                    ])
                ]
            }
        let content = (good + [record]).joined(separator: "\n")
        let error = #expect(throws: InputError.self) { try load(task, .test, content, at: path) }
        #expect(error?.exitStatus == .data)
        #expect(error?.description.contains("\(path):\(good.count + 1): ") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
        let set = try load(task, .test, content, at: path, .chat, .skip)
        #expect(set.problems.count == 1 && set.skipped.count == 1)
        #expect(set.skipped[0].contains("\(path):\(good.count + 1): ") && set.skipped[0].contains(problem))
        // Alone it repeats nothing.
        guard !problem.contains("already") else { return }
        let alone = #expect(throws: InputError.self) { try load(task, .test, record, at: path, .chat, .skip) }
        #expect(alone?.description.contains("all 1 records are bad") == true)
    }

    @Test("a record that is repeated is bad wherever it stands, an array's by its index")
    func repeated() throws {
        let array = "[\(PublishedRecord.code(7, key: "prompt")), \(PublishedRecord.code(7, key: "prompt"))]"
        let error = #expect(throws: InputError.self) {
            try load("mbpp-sanitized", .train, array, at: "sanitized-mbpp.json")
        }
        #expect(error?.description.contains("sanitized-mbpp.json[1]: id 'mbpp/7' is already used in record 0") == true)
    }

    @Test("a file that is not there: every place that was tried")
    func absent() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: InputError.self) {
            try TaskRegistry.bundled.task(named: "humaneval").problems(split: .test, in: folder.path)
        }
        #expect(error?.exitStatus == .noInput)
        for place in [
            "tried humaneval/HumanEval, human-eval/data/HumanEval, ", "each with .jsonl, .jsonl.gz, .json",
            "scripts/datasets",
        ] {
            #expect(error?.description.contains(place) == true)
        }
    }

    @Test("a split that the data set has not: those that it has")
    func noSplit() throws {
        let error = #expect(throws: InputError.self) {
            try TaskRegistry.bundled.task(named: "humaneval").problems(split: .train, in: "nowhere")
        }
        #expect(error?.exitStatus == .usage)
        #expect(error?.description == "task 'humaneval': there is no split 'train'. Splits: test, published-test.")
    }

    @Test("base models stop where another problem would begin; chat models by themselves")
    func stops() {
        for task in TaskRegistry.bundled.tasks {
            #expect(task.stopStrings(.chat) == [])
            if task.origin == .published && task.name != "classify-published" {
                #expect(!task.stopStrings(.plain).isEmpty)
            }
        }
    }
}
