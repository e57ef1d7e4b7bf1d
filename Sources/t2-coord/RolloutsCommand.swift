import ArgumentParser
import Foundation
import T2CommandLine
import T2Coordinator
import T2Core

/// Shows a run's completions, and how they were judged.
struct RolloutsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollouts",
        abstract: "Shows the completions of a run with their outcomes, the newest step first.",
        discussion: """
            The command does not change the run, which may continue meanwhile; SQLite creates files of its own beside run.sqlite. \
            It works for searches and evaluations too. The answers of a first pass, and what a search scores, appear only with \
            --phase or --outcome unjudged. Rewards that could not be computed at first were computed again: --outcome missing \
            shows them unit by unit, with their reasons.

            Examples:
              t2-coord rollouts --run-dir runs/code --outcome wrong --limit 3
              t2-coord rollouts --run-dir runs/code --outcome no-answer --outcome cut-off --step 12
              t2-coord rollouts --run-dir runs/code --outcome missing
              t2-coord rollouts --run-dir runs/code --json --limit 100000 > rollouts.jsonl
            """)

    @Option(name: .customLong("run-dir"), help: ArgumentHelp("The run's folder.", valueName: "dir"))
    var runFolder: String

    @Option(help: ArgumentHelp("Only completions sampled after this many updates.", valueName: "n"))
    var step: Int?

    @Option(help: "Only completions of this phase.")
    var phase: Phase?

    @Option(help: "Only completions with this outcome; may be repeated.")
    var outcome: [CompletionRecord.RewardKind] = []

    @Option(help: ArgumentHelp("Only completions of this problem.", valueName: "id"))
    var problem: String?

    @Option(help: ArgumentHelp("Maximum number of completions.", valueName: "n"))
    var limit = 10

    @Flag(help: "Print one JSON object per line.")
    var json = false

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit is \(limit), expected 1 or more.") }
    }

    func run() async throws {
        try RunFolder.requireRun(runFolder)
        let store = try RunStore(path: RunFolder.databasePath(in: runFolder), migrates: false)
        defer { try? store.close() }
        var selection = CompletionRecord.Selection()
        selection.step = step
        selection.phase = phase
        selection.outcomes = outcome
        selection.problem = problem
        let missing = outcome.contains(.missing) ? try store.missingRewards(selection, limit: limit) : []
        for record in missing { try StandardOutput.write(json ? JSONText.line(record) : Self.text(record)) }
        // Missing rewards are shown unit by unit. With that outcome alone, no completions are shown.
        selection.outcomes.removeAll { $0 == .missing }
        let isJudged = outcome.isEmpty || !selection.outcomes.isEmpty
        let completions = isJudged ? try store.completions(selection, limit: limit) : []
        if completions.isEmpty && missing.isEmpty { StandardError.write("\(runFolder): no completions match\n") }
        for completion in completions {
            try StandardOutput.write(json ? JSONText.line(completion) : Self.text(completion))
        }
    }

    private static func text(_ completion: CompletionRecord) -> String {
        return
            "step \(completion.step) \(completion.phase.rawValue)/\(completion.unit)  \(completion.problem), sample \(completion.sample)  "
            + "\(completion.outcome.rawValue)"
            + (completion.reward.map { String(format: "  reward %+.0f  advantage %+.3f", $0, completion.advantage) }
                ?? "")
            + "  \(completion.tokens) tokens  by \(completion.worker)\n  \(completion.reason)\n"
            + indented(completion.prompt, "  > ") + indented(completion.completion, "  | ") + "\n"
    }

    private static func text(_ record: MissingRecord) -> String {
        let reasons = record.missing.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return "step \(record.step) \(record.phase.rawValue)/\(record.unit)  missing at attempt \(record.attempt) on "
            + "\(record.worker)\n" + reasons.map { "  \($0.value) times: \($0.key)\n" }.joined() + "\n"
    }

    private static func indented(_ text: String, _ margin: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { margin + $0 + "\n" }.joined()
    }
}

extension Phase: ExpressibleByArgument {}
extension CompletionRecord.RewardKind: ExpressibleByArgument {}
