import Foundation
import T2Core
import T2Tasks
import T2TestSupport
import T2Verifiers
import Testing

@Suite("What a verifier says of a completion")
struct ExaminationTests {
    private let verifier = Verifier(parallelism: 1)

    private func examine(_ completion: String, _ verification: Verification, finished: Bool = true) -> Examination {
        let problem = Problem(id: "p", topic: "t", prompt: "?", verification: verification)
        return verifier.examine([Submission(problem: problem, completion: completion, finished: finished)])[0]
    }

    @Test(
        "an answer that is not there is none, or cut off if the limit came first",
        arguments: [
            Verification.number(answer: "7"), .boxed(answer: "7"), .latex(answer: "7"),
            .choice(answer: "C", options: ["a", "b", "c"]), .exact(answer: "7"), .regex(pattern: "^7$"),
            .program(programPrefix: "", tests: ["assert 1"]),
        ])
    func nothing(verification: Verification) {
        #expect(examine(" \n", verification).reward == .judged(.noAnswer))
        #expect(examine(" \n", verification, finished: false).reward == .judged(.cutOff))
        #expect(examine("so I think", verification, finished: false).reward == .judged(.cutOff))
        #expect(examine("so I think", verification, finished: false).reason?.hasPrefix("the token limit ") == true)
    }

    @Test("its grounds name what was found and what was expected, and end where a program begins")
    func grounds() {
        #expect(examine("#### 7", .number(answer: "7")).grounds == "found '7'")
        #expect(examine("#### 8", .number(answer: "7")).grounds == "found '8', expected 7")
        #expect(examine("seven", .boxed(answer: "7")).grounds == "found no \\boxed{}")
        let tests = Verification.program(programPrefix: "", tests: ["assert x == 1"])
        #expect(examine("```python\ny = 1\nx = 2\n```", tests).grounds?.contains("AssertionError") == true)
        #expect(examine("```python\ny = 1\nx = 1\n```", tests).grounds == nil)
        #expect(examine("x", .unverified).grounds == nil)
        let long = examine(String(repeating: "9", count: 5_000), .exact(answer: "7")).grounds
        #expect(long?.count ?? 0 > 200 && long?.count ?? 500 < 500)
    }

    @Test("an answer before the limit counts")
    func unfinished() {
        #expect(examine("\\boxed{7} or", .boxed(answer: "7"), finished: false).reward == .judged(.right))
        #expect(examine("\\boxed{8} or", .boxed(answer: "7"), finished: false).reward == .judged(.wrong))
        #expect(examine("say 7 or", .regex(pattern: #"\b7\b"#), finished: false).reward == .judged(.right))
        #expect(examine("7", .exact(answer: "7"), finished: false).reward == .judged(.right))
        let tests = Verification.program(programPrefix: "", tests: ["assert x == 1"])
        #expect(examine("```python\nx = 1\n```\nThis", tests, finished: false).reward == .judged(.right))
        #expect(examine("```python\nx = 1\n", tests, finished: false).reward == .judged(.cutOff))
        #expect(examine("x = 1", tests, finished: false).reward == .judged(.cutOff))
    }

    @Test("the whole text, white space around it aside")
    func exact() {
        #expect(examine("  Lima\n", .exact(answer: "Lima")) == examine("Lima", .exact(answer: " Lima")))
        #expect(examine("  Lima\n", .exact(answer: "Lima")).extracted == "Lima")
        #expect(examine("lima", .exact(answer: "Lima")).reward == .judged(.wrong))
        #expect(examine("lima", .exact(answer: "Lima")).reason == "expected Lima")
    }

    @Test("what the pattern matched is the answer; one that is no pattern makes the reward missing")
    func regex() {
        let found = examine("It is 42!", .regex(pattern: #"\d+"#))
        #expect(found.reward == .judged(.right) && found.extracted == "42" && found.reason == nil)
        #expect(examine("It is it.", .regex(pattern: #"\d+"#)).reward == .judged(.wrong))
        #expect(examine("It", .regex(pattern: "(")).reward.value == nil)
    }

    @Test("what cannot be judged is missing: a gold that is no answer, tests too long, a command that is not here")
    func missing() throws {
        #expect(examine("#### 7", .number(answer: "many")).reward.value == nil)
        let tests = ["#" + String(repeating: "x", count: 1 << 20)]
        #expect(examine("x = 1", .program(programPrefix: "", tests: tests)).reason?.contains("at most 1048576") == true)
        let external = examine("x", .external(task: "judged", record: "{}"))
        #expect(external.reward.value == nil && external.reason?.contains("--task-folder") == true)
    }

    @Test("prose and fences around a program do not matter")
    func fenced() {
        let verification = Verification.program(
            programPrefix: "import math\n\ndef f(x):\n    \"\"\"Twice x.\"\"\"\n", tests: ["assert f(2) == 4"])
        for completion in [
            "    return 2 * x\n", "Sure!\n```python\ndef f(x):\n    return 2 * x\n```\nIt doubles.",
            "```\n    return 2 * x\n```", "def f(x):\n    return math.floor(2 * x)",
        ] {
            #expect(examine(completion, verification).reward == .judged(.right), "\(completion)")
        }
        let wrong = examine("    return x", verification)
        #expect(wrong.reward == .judged(.wrong) && wrong.reason?.contains("AssertionError") == true)
        #expect(wrong.extracted?.hasSuffix("    return x") == true)
    }

    @Test(
        "a response and its answer on one line, as each task has them",
        arguments: [
            ("gsm8k", ####"{"response": "\n#### 7", "answer": "7"}"####),
            ("gsm8k", ####"{"response": "so\n#### 7", "answer": "It is\n#### 7"}"####),
            ("math", #"{"response": "\\boxed{x}", "solution": "\\boxed{x}"}"#),
            ("math", #"{"response": "\\boxed{x}", "answer": "x"}"#),
            ("math-mini", #"{"response": "\\boxed{x}", "answer": "x"}"#),
            ("classify-published", #"{"response": "\\boxed{code}", "answer": "code"}"#),
            ("arc-easy", #"{"response": "The answer is (B)", "answer": "B"}"#),
            (
                "arc-challenge",
                #"{"response": "The answer is (B)", "id": "q", "question": "?", "choices": {"text": ["a", "b"], "label": ["1", "2"]}, "answerKey": "2"}"#
            ),
            ("mbpp", #"{"response": "x = 1", "test_list": ["assert x == 1"], "test_setup_code": ""}"#),
            ("mbpp-mini", #"{"response": "x = 1", "tests": ["assert x == 1"]}"#),
            (
                "humaneval",
                #"{"response": "    return 1", "prompt": "def f():\n", "entry_point": "f", "test": "def check(c):\n    assert c() == 1"}"#
            ),
        ])
    func submissions(task: String, line: String) throws {
        let submission = try TaskRegistry.bundled.task(named: task).submission(Data(line.utf8), location: "answers:1")
        #expect(submission.finished)
        #expect(verifier.examine([submission])[0].reward == .judged(.right))
    }

    @Test(
        "a line without a response or an answer is named",
        arguments: [
            ("gsm8k", #"{"answer": "7"}"#, "response is missing"),
            ("gsm8k", #"{"response": "7"}"#, "answer is missing"),
            ("mbpp", #"{"response": "7"}"#, "test_list is missing"),
            ("mbpp-mini", #"{"response": "7"}"#, "tests is missing"),
            ("humaneval", #"{"response": "7", "prompt": "", "test": ""}"#, "entry_point is missing"),
            ("math", "7", "answers:1: "),
        ])
    func badLine(task: String, line: String, problem: String) throws {
        let task = try TaskRegistry.bundled.task(named: task)
        let error = #expect(throws: InputError.self) { try task.submission(Data(line.utf8), location: "answers:1") }
        #expect(error?.description.contains(problem) == true)
    }
}
