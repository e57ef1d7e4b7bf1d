import ArgumentParser
import Foundation
import T2CommandLine
import T2Coordinator
import T2Core

/// What became of a completion's reward.
enum RewardKind: String, ExpressibleByArgument, CaseIterable {
    case right, wrong
    case noAnswer = "no-answer"
    case cutOff = "cut-off"
    /// It could not be computed when it was asked for.
    case missing

    /// Nil for a reward that is missing.
    var outcome: Outcome? { Outcome(rawValue: rawValue) }
}

/// What a run's completions were, and how they were judged.
struct RolloutsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollouts",
        abstract: "Shows the completions of a run with their outcomes, the newest step first.",
        discussion: """
            It changes nothing of the run, which may go on meanwhile; SQLite keeps files of its own beside run.sqlite. Searches and evaluations are kept in the \
            same way; what a first pass answers, or a search scores, is shown by --phase alone, since nobody judges it. Rewards \
            that could not be computed were computed again: --outcome missing shows them unit by unit, with their reasons.

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
    var outcome: [RewardKind] = []

    @Option(help: ArgumentHelp("Only completions of this problem.", valueName: "id"))
    var problem: String?

    @Option(help: ArgumentHelp("Completions at most.", valueName: "n"))
    var limit = 10

    @Flag(help: "Print one JSON object a line.")
    var json = false

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit is \(limit), expected 1 or more.") }
    }

    func run() async throws {
        let console = Console()
        try RunFolder.requireRun(runFolder)
        let store = try RunStore(path: runFolder + "/run.sqlite", migrates: false)
        var selection = RolloutSelection()
        selection.step = step
        selection.phase = phase
        selection.outcomes = outcome.compactMap(\.outcome)
        selection.problem = problem
        let missing = outcome.contains(.missing) ? try await store.missingRewards(selection, limit: limit) : []
        for record in missing { console.print(json ? try JSONText.line(record) : Self.text(record)) }
        // Asked for what is missing alone, no completion is meant.
        let isJudged = outcome.isEmpty || !selection.outcomes.isEmpty
        let rollouts = isJudged ? try await store.rollouts(selection, limit: limit) : []
        if rollouts.isEmpty && missing.isEmpty { StandardError.write("\(runFolder): no completions match\n") }
        for rollout in rollouts {
            console.print(json ? try JSONText.line(rollout) : Self.text(rollout))
        }
        try store.close()
    }

    private static func text(_ rollout: RolloutRecord) -> String {
        let cut = rollout.isFinished ? "" : ", reached max-tokens"
        return
            "step \(rollout.step) \(rollout.phase.rawValue)/\(rollout.unit)  \(rollout.problem), sample \(rollout.sample)  "
            + "\(rollout.outcome.rawValue)"
            + String(format: "  reward %+.0f  advantage %+.3f", rollout.reward, rollout.advantage)
            + "  \(rollout.tokens) tokens\(cut)  by \(rollout.worker)\n"
            + indented(rollout.prompt, "  > ") + indented(rollout.completion, "  | ") + "\n"
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
