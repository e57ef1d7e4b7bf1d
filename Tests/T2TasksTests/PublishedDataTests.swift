import Foundation
import T2Core
import T2Tasks
import T2TestSupport
import Testing

/// The real files, where they are.
@Suite("Published data sets", .enabled(if: PublishedFolder.exists, "shared/data is absent"))
struct PublishedDataTests {
    private func load(_ task: String, _ split: Split, _ form: PromptForm = .chat) throws -> ProblemSet {
        try TaskRegistry.bundled.task(named: task).problems(
            split: split, in: PublishedFolder.path, form: form, onBadRecord: .skip)
    }

    @Test(
        "load whole, with no bad record",
        arguments: [
            ("gsm8k", Split.publishedTrain, 7473), ("gsm8k", .publishedTest, 1319), ("gsm8k", .train, 3737),
            ("gsm8k", .valid, 3736), ("gsm8k", .test, 1319),
            ("mbpp", .train, 200), ("mbpp", .valid, 100), ("mbpp", .test, 674), ("mbpp", .publishedPrompt, 10),
            ("mbpp", .publishedTest, 500), ("mbpp", .publishedValidation, 90), ("mbpp", .publishedTrain, 374),
            ("mbpp-sanitized", .train, 200), ("mbpp-sanitized", .valid, 100), ("mbpp-sanitized", .test, 127),
            ("arc-easy", .publishedTrain, 2251), ("arc-easy", .publishedValidation, 570),
            ("arc-easy", .publishedTest, 2376), ("arc-easy", .train, 1126), ("arc-easy", .valid, 1125),
            ("arc-easy", .test, 2376), ("arc-challenge", .test, 1172), ("humaneval", .test, 164),
        ])
    func counts(task: String, split: Split, count: Int) throws {
        for form in PromptForm.allCases {
            let set = try load(task, split, form)
            #expect(set.problems.count == count)
            #expect(set.skipped == [])
            #expect(Set(set.problems.map(\.id)).count == count)
            #expect(set.problems.allSatisfy { $0.reference != nil })
        }
    }

    @Test("MBPP's splits together are the file", arguments: ["mbpp", "mbpp-sanitized"])
    func splitsOfMBPP(task: String) throws {
        let parts = try [Split.train, .valid, .test].map { Set(try load(task, $0).problems.map(\.id)) }
        #expect(parts[0].isDisjoint(with: parts[1]) && parts[0].isDisjoint(with: parts[2]))
        #expect(parts[0].union(parts[1]).union(parts[2]).count == (task == "mbpp" ? 974 : 427))
    }

    @Test("GSM8K's golds keep their signs and commas")
    func golds() throws {
        var (commas, negatives) = ([0, 0], [0, 0])
        for (index, split) in [Split.publishedTrain, .publishedTest].enumerated() {
            for problem in try load("gsm8k", split).problems {
                guard case .number(let answer) = problem.verification else { continue }
                commas[index] += answer.contains(",") ? 1 : 0
                negatives[index] += answer.hasPrefix("-") ? 1 : 0
                #expect(problem.reference?.contains("<<") == false)
            }
        }
        #expect(commas == [79, 14])
        #expect(negatives == [3, 2])
    }

    @Test("set-up code runs before the tests of MBPP 367 and 927, and no others")
    func setup() throws {
        let problems = try load("mbpp", .test).problems + load("mbpp", .train).problems + load("mbpp", .valid).problems
        let withSetup = problems.filter { $0.prompt.contains("Before the tests this runs:") }
        #expect(Set(withSetup.map(\.id)) == ["mbpp/367", "mbpp/927"])
        for problem in problems {
            guard case .program(_, let tests) = problem.verification else { continue }
            #expect(tests.count == (withSetup.contains(problem) ? 4 : 3))
            #expect(!problem.prompt.contains("\r") && problem.reference?.contains("\r") == false)
        }
    }

    @Test("imports come before the tests of sanitized MBPP")
    func imports() throws {
        let problems = try [Split.train, .valid, .test].flatMap { try load("mbpp-sanitized", $0).problems }
        let importing = problems.filter { problem in
            guard case .program(_, let tests) = problem.verification else { return false }
            return tests[0] == "import math"
        }
        #expect(importing.count == 13)
    }

    @Test("ARC's keys are letters among the options that are shown")
    func keys() throws {
        for (task, split) in [
            ("arc-easy", Split.publishedTrain), ("arc-easy", .publishedValidation), ("arc-easy", .test),
            ("arc-challenge", .test),
        ] {
            for problem in try load(task, split).problems {
                guard case .choice(let answer, let options) = problem.verification else { continue }
                let letter = Int(answer.utf8.first ?? 0) - 65
                #expect(options.indices.contains(letter))
                #expect(problem.prompt.contains("\(answer). \(options[letter])"))
            }
        }
    }

    @Test("classify-published is balanced, in turn, and short enough for a context of 256 tokens")
    func classification() throws {
        var ids: Set<String> = []
        for split in [Split.train, .valid, .test] {
            let problems = try load("classify-published", split).problems
            let topics = ["gsm8k", "mbpp", "arc-easy"]
            for (index, problem) in problems.enumerated() {
                #expect(problem.topic == topics[index % 3])
                #expect(problem.prompt.utf8.count <= 256 - 16 - 1)
                #expect(ids.insert(problem.id).inserted)
            }
            #expect(problems.count % 3 == 0 && problems.count >= 300)
            #expect(problems.prefix(3).map(\.reference) == [" \\boxed{math}", " \\boxed{code}", " \\boxed{reasoning}"])
        }
    }

    @Test(
        "every gold is right",
        arguments: [
            ("gsm8k", Split.publishedTrain), ("gsm8k", .publishedTest), ("arc-easy", .publishedTrain),
            ("arc-easy", .publishedValidation), ("arc-easy", .test), ("arc-challenge", .test),
        ])
    func goldsAreRight(task: String, split: Split) throws {
        for form in PromptForm.allCases {
            let check = GoldCheck(try load(task, split, form).problems, verifier: Verifier(parallelism: 1))
            #expect(check.checked > 0 && check.withoutGold == 0)
            #expect(check.failures == [])
        }
    }

    @Test(
        "every published program passes its tests",
        arguments: [
            ("mbpp", [Split.train, .valid, .test]), ("mbpp-sanitized", [.train, .valid, .test]), ("humaneval", [.test]),
        ])
    func programsAreRight(task: String, splits: [Split]) throws {
        let verifier = Verifier(parallelism: 2)
        try verifier.requireSandbox()
        for form in PromptForm.allCases {
            let problems = try splits.flatMap { try load(task, $0, form).problems }
            let check = GoldCheck(problems, verifier: verifier)
            #expect(check.checked == problems.count)
            // MBPP's own solution of 123 looks for divisors one by one, up to 10,000 of them for as many numbers.
            let wrong = check.failures.filter {
                $0.problem != "mbpp/123" || $0.examination.reason?.contains("processor time") != true
            }
            #expect(wrong == [])
        }
    }
}
