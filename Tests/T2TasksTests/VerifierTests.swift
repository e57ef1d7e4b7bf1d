import Foundation
import T2Core
import T2Tasks
import T2Verifiers
import Testing

@Suite("The verifier")
struct VerifierTests {
    private let verifier = Verifier(parallelism: 1)

    private func judge(_ completion: String, _ verification: Verification, finished: Bool = true) -> Reward {
        let problem = Problem(id: "p", topic: "t", prompt: "?", verification: verification)
        return verifier.judge([Submission(problem: problem, completion: completion, finished: finished)])[0]
    }

    @Test(
        "reads the number after the last #### that has one",
        arguments: [
            (" 3+9=12.\n#### 12", "12", Outcome.right), ("#### 12 ", "12", .right), ("#### 1,200", "1200", .right),
            ("#### -0", "0", .right), ("#### +7", "7", .right), ("#### 007", "7", .right), ("#### 7.", "7", .right),
            ("#### 7.00", "7", .right), ("#### 7, that is it", "7", .right), ("#### 7 #### 8", "8", .right),
            ("####  8", "8", .right), ("#### 123456789012345678901234567890", "123456789012345678901234567890", .right),
            ("#### 7 #### 8", "7", .wrong), ("#### -7", "7", .wrong), ("#### 7.5", "7", .wrong),
            ("#### 70", "7", .wrong),
            ("#### 7.50", "7.5", .right), ("#### -0.5", "0.5", .wrong),
            ("####7", "7", .right), ("#### 7 #### none", "7", .right), ("", "7", .noAnswer), ("7", "7", .noAnswer),
            ("#### ", "7", .noAnswer),
            ("#### seven", "7", .noAnswer), ("#### -", "7", .noAnswer), ("#### ,7", "7", .noAnswer),
            ("#### \u{0667}", "7", .noAnswer),
        ])
    func number(completion: String, answer: String, outcome: Outcome) {
        #expect(judge(completion, .number(answer: answer)) == .judged(outcome))
    }

    @Test(
        "reads the content of the last \\boxed{}",
        arguments: [
            ("so \\boxed{8}", "8", Outcome.right), ("\\boxed{ 8 }.", "8", .right),
            ("\\boxed{1} \\boxed{8}", "8", .right),
            ("\\boxed{1,000}", "1000", .right), ("\\boxed{-08}", "-8", .right),
            ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}", .right),
            ("\\boxed{\\boxed{8}}", "8", .right), ("\\boxed{math}", "math", .right),
            ("\\boxed{\\{\\}}", "\\{\\}", .right),
            ("\\boxed{\\}}", "\\}", .right),
            ("\\boxed{8.0}", "8", .wrong), ("\\boxed{}", "8", .wrong), ("\\boxed{Math}", "math", .wrong),
            ("\\boxed{8} \\boxed{9}", "8", .wrong), ("\\boxed{--8}", "-8", .wrong),
            ("8", "8", .noAnswer), ("\\boxed{8", "8", .noAnswer), ("\\boxed {8}", "8", .noAnswer),
            ("\\boxed{8} \\boxed{{9}", "8", .noAnswer), ("\\boxed{8\\", "8", .noAnswer),
        ])
    func boxed(completion: String, answer: String, outcome: Outcome) {
        #expect(judge(completion, .boxed(answer: answer)) == .judged(outcome))
    }

    @Test(
        "reads the letter after the last 'answer is'",
        arguments: [
            ("So the answer is C", "C", Outcome.right), ("the answer is C.", "C", .right),
            ("answer is (C)", "C", .right),
            ("answer is A? No, the answer is C\n", "C", .right), ("answer is C\u{3002}", "C", .right),
            ("answer is C", "D", .wrong), ("answer is C answer is D", "C", .wrong),
            ("C", "C", .right), ("answer is c", "C", .right), ("answer is Cat", "C", .noAnswer),
            ("answer is C\u{00E9}", "C", .noAnswer), ("answer is (C", "C", .noAnswer), ("answer is ", "C", .noAnswer),
            ("answer is (", "C", .noAnswer), ("answer is C answer is", "C", .right), ("answer isC", "C", .noAnswer),
        ])
    func choice(completion: String, answer: String, outcome: Outcome) {
        #expect(judge(completion, .choice(answer: answer, options: [])) == .judged(outcome))
    }

    @Test(
        "takes a megabyte of anything",
        arguments: [
            "\\boxed{", "{", "}", "\\", "#### ", "#### 1,", "answer is ", "answer is (", "\u{0}", "\u{FFFD}",
            "e\u{0301}", "9",
        ])
    func long(piece: String) {
        let completion = String(repeating: piece, count: (1 << 20) / piece.utf8.count)
        for verification in [Verification.number(answer: "7"), .boxed(answer: "7"), .choice(answer: "C", options: [])] {
            #expect(judge(completion, verification) != .judged(.right))
            #expect(judge(completion + "}\n\\boxed{7} #### 7\nanswer is C", verification) == .judged(.right))
        }
    }

    @Test("runs programs: prefix, completion, tests")
    func programs() {
        let tests = ["assert f(11) == 103", "assert f(38) == 346"]
        let prefix = "def f(x):\n    \"\"\"Return x times 9 plus 4.\"\"\"\n"
        let problem = Problem(
            id: "p", topic: "t", prompt: prefix, verification: .program(programPrefix: prefix, tests: tests))
        let completions = ["    return x*9+4", "    return x*9", "", " \n", "    return x*9+4 if", "    return x*9+4"]
        let submissions = completions.enumerated().map { index, completion in
            Submission(problem: problem, completion: completion, finished: index < 5)
        }
        let outcomes: [Outcome] = [.right, .wrong, .noAnswer, .noAnswer, .wrong, .cutOff]
        #expect(verifier.judge(submissions) == outcomes.map { .judged($0) })
    }

    @Test("keeps the order of a mixed batch, and marks missing what could not be run")
    func mixed() throws {
        func submission(_ completion: String, _ verification: Verification) -> Submission {
            Submission(
                problem: Problem(id: "p", topic: "t", prompt: "?", verification: verification), completion: completion,
                finished: true)
        }
        let rewards = verifier.judge([
            submission("x = 1", .program(programPrefix: "", tests: ["assert x == 1"])),
            submission("#### 7", .number(answer: "8")),
            submission("x = 1", .program(programPrefix: "", tests: ["this is no test"])),
            submission("\\boxed{7}", .boxed(answer: "7")),
        ])
        #expect(rewards.map(\.value) == [1, -1, nil, 1])
        guard case .missing(let reason) = rewards[2] else {
            Issue.record("expected a missing reward, found \(rewards[2])")
            return
        }
        #expect(reason.contains("SyntaxError"))
    }

    @Test("an answer cut off at the token limit counts if it is there")
    func unfinished() {
        #expect(judge("#### 7", .number(answer: "7"), finished: false) == .judged(.right))
        #expect(judge("3+4=7.", .number(answer: "7"), finished: false) == .judged(.cutOff))
    }
}
