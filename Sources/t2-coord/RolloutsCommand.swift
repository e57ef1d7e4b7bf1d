import ArgumentParser
import Foundation
import T2CommandLine
import T2Coordinator
import T2Core

extension Outcome: ExpressibleByArgument {}

/// What a run's completions were, and how they were judged.
struct RolloutsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollouts",
        abstract: "Shows the completions of a run with their outcomes, the newest step first.",
        discussion: """
            It changes nothing of the run, which may go on meanwhile; SQLite keeps files of its own beside run.sqlite. Searches and evaluations are kept in the \
            same way; what a first pass answers, or a search scores, is shown by --phase alone, since nobody judges it. Rewards \
            that could not be computed were computed again: their reasons are in metrics.jsonl and under evidence/.

            Examples:
              t2-coord rollouts --run-dir runs/code --outcome wrong --limit 3
              t2-coord rollouts --run-dir runs/code --outcome no-answer --outcome cut-off --step 12
              t2-coord rollouts --run-dir runs/code --json --limit 100000 > rollouts.jsonl
            """)

    @Option(name: .customLong("run-dir"), help: ArgumentHelp("The run's folder.", valueName: "dir"))
    var runFolder: String

    @Option(help: ArgumentHelp("Only completions sampled after this many updates.", valueName: "n"))
    var step: Int?

    @Option(help: "Only completions of this phase.")
    var phase: Phase?

    @Option(help: "Only completions with this outcome; may be repeated.")
    var outcome: [Outcome] = []

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
        selection.outcomes = outcome
        selection.problem = problem
        let rollouts = try await store.rollouts(selection, limit: limit)
        if rollouts.isEmpty { StandardError.write("\(runFolder): no completions match\n") }
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

    private static func indented(_ text: String, _ margin: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { margin + $0 + "\n" }.joined()
    }
}

extension Phase: ExpressibleByArgument {}
