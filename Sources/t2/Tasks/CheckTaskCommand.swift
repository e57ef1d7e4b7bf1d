import ArgumentParser
import T2CommandLine
import T2Core
import T2Tasks

/// Checks a task before a model is trained on it.
struct CheckTaskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Checks a task: its files, every record, and that right answers are judged right.",
        discussion: """
            The command is meant for a folder with a task.yaml. It shows sample prompts, judges every record's own answer or \
            reference with the task's verifier, and times the verifier. The exit status is 65 if anything is wrong.

            Examples:
              t2 tasks check my-task
              t2 tasks check gsm8k --data datasets --form chat
            """)

    @OptionGroup var named: NamedTaskOptions

    @Option(help: ArgumentHelp("Kind of model that the prompts are for.", valueName: "form"))
    var form = PromptForm.plain

    @Option(help: ArgumentHelp("Number of prompts to show.", valueName: "n"))
    var samples = 2

    @Option(help: ArgumentHelp("Maximum number of right answers to judge. (default: all)", valueName: "n"))
    var limit: Int?

    @OptionGroup var laneOptions: LaneOptions
    @OptionGroup var verification: VerifierOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        try require("--samples", samples, atLeast: 0)
        try require("--limit", limit, atLeast: 1)
    }

    func run() throws {
        let task = try named.task()
        let verifier = try verification.verifier(parallelism: laneOptions.count, for: [task])
        let check = TaskCheck(
            task, in: try named.folder(of: task), form: form, samples: samples, limit: limit ?? .max,
            verifier: verifier)
        let description = TaskCheckDescription(check, of: task)
        try StandardOutput.write(json ? JSONText.line(description) : description.text)
        guard check.isGood else {
            throw InputError(
                "task '\(task.name)'", "the check found the errors above",
                remedy: "Correct them and run the same command again.")
        }
    }
}

/// What `t2 tasks check` prints.
struct TaskCheckDescription: Encodable {
    struct Part: Encodable {
        let split: String
        let problems: Int
        let bad_records: [String]
        let failure: String?
        let shared_prompts: Int
    }

    struct Failure: Encodable {
        let id: String
        let extracted: String?
        let reason: String?
    }

    let task: String
    let version: Int
    let splits: [Part]
    let sample_prompts: [String]
    let golds_judged: Int
    let golds_right: Int
    let without_gold: Int
    let wrong_golds: [Failure]
    let judgements_per_second: Double?
    let good: Bool

    init(_ check: TaskCheck, of task: TrainingTask) {
        self.task = task.name
        version = task.version
        splits = check.parts.map { part in
            Part(
                split: part.split.rawValue, problems: part.problems, bad_records: part.bad,
                failure: part.failure, shared_prompts: part.shared)
        }
        sample_prompts = check.samples.map(\.prompt)
        golds_judged = check.golds.checked
        golds_right = check.golds.checked - check.golds.failures.count
        without_gold = check.golds.withoutGold
        wrong_golds = check.golds.failures.map { failure in
            Failure(id: failure.problem, extracted: failure.examination.extracted, reason: failure.examination.reason)
        }
        judgements_per_second = check.golds.rate
        good = check.isGood
    }

    /// Shows at most ten bad records of a split, and ten wrong answers.
    var text: String {
        var lines = ["task \(task), version \(version)"]
        for part in splits {
            lines.append("\(part.split): \(part.failure ?? "\(PlainText.count(part.problems)) problems")")
            lines += part.bad_records.prefix(10).map { "  bad record \($0)" }
            if part.bad_records.count > 10 { lines.append("  and \(part.bad_records.count - 10) more") }
            if part.shared_prompts > 0 {
                lines.append("  \(part.shared_prompts) prompts occur in an earlier split too")
            }
        }
        for (index, prompt) in sample_prompts.enumerated() { lines += ["", "--- prompt \(index + 1) ---", prompt] }
        lines += ["", "right answers judged right: \(golds_right) of \(golds_judged)"]
        if without_gold > 0 { lines.append("problems without a right answer: \(without_gold)") }
        for failure in wrong_golds.prefix(10) {
            lines.append(
                "  \(failure.id): found \(failure.extracted?.debugDescription ?? "nothing"): \(failure.reason ?? "")")
        }
        if wrong_golds.count > 10 { lines.append("  and \(wrong_golds.count - 10) more") }
        if let rate = judgements_per_second { lines.append("judgements a second: \(PlainText.count(Int(rate)))") }
        lines.append(good ? "nothing is wrong" : "something is wrong")
        return lines.joined(separator: "\n") + "\n"
    }
}
