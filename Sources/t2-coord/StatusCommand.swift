import ArgumentParser
import Foundation
import T2CommandLine
import T2Coordinator
import T2Core
import T2Monitor

/// The running coordinator that a command asks.
struct LiveRunOptions: ParsableArguments {
    @Option(
        name: .customLong("run-dir"),
        help: ArgumentHelp(
            "The folder of a running job. (default: the only one in runs/ that a coordinator uses)", valueName: "dir"))
    var runFolder: String?

    func client() throws -> MonitorClient { try MonitorClient(folder: runFolder) }
}

/// Shows what a running coordinator does.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows the runs, workers and units in flight of a running coordinator.",
        discussion: """
            The address of the web page that it shows ends with the token that the page's buttons need. Keep it to yourself.

            Examples:
              t2-coord status
              t2-coord status --run-dir runs/math --watch
              t2-coord status --json | python3 -m json.tool
            """)

    @OptionGroup var live: LiveRunOptions

    @Flag(help: "Show it again every two seconds, until the coordinator ends.")
    var watch = false

    @Flag(help: "Print one JSON object, or with --watch one a line.")
    var json = false

    func run() async throws {
        let client = try live.client()
        repeat {
            let status: (report: StatusReport, text: String)
            do {
                status = try client.status()
            } catch {
                // The end of the coordinator ends the watch.
                guard watch, (try? MonitorClient(folder: client.folder)) == nil else { throw error }
                return
            }
            let text = json ? status.text : Self.text(status.report, page: client.page)
            let isScreen = watch && !json && isatty(STDOUT_FILENO) == 1
            try StandardOutput.write((isScreen ? "\u{1B}[H\u{1B}[2J" : "") + text)
            if watch { try await Task.sleep(for: .seconds(2)) }
        } while watch
    }

    static func text(_ status: StatusReport, page: String) -> String {
        var text = PlainText.table([
            ("state", "\(status.state), up \(duration(status.upSeconds)), process \(status.process)"),
            ("listening on", status.endpoint), ("page", page),
            (
                "last result",
                "\(duration(status.quietSeconds)) ago; \(status.lanesBusy) of \(status.lanes) lanes are busy"
            ),
        ])
        for run in status.runs { text += "\n" + Self.text(run) }
        text += "\n"
        if !status.workers.isEmpty {
            text +=
                PlainText.columns(
                    ["worker", "state", "lanes", "leases", "tokens/s", "units", "here for", "last heard"],
                    status.workers.map {
                        [
                            printable($0.name), $0.state.rawValue, "\($0.lanesBusy)/\($0.lanes)", String($0.leases),
                            String(format: "%.0f", $0.tokensPerSecond), String($0.units), duration($0.joinedSeconds),
                            duration($0.lastHeardSeconds),
                        ]
                    }, textColumns: 2) + "\n"
        }
        guard !status.leases.isEmpty else { return text }
        return text
            + PlainText.columns(
                ["unit in flight", "worker", "state", "tokens", "since", "last token"],
                status.leases.sorted { $0.sinceSeconds > $1.sinceSeconds }.map {
                    [
                        printable("\($0.run) step \($0.step) \($0.phase.rawValue)/\($0.unit)"), printable($0.worker),
                        $0.state.rawValue, String($0.tokens), duration($0.sinceSeconds),
                        $0.tokens > 0 ? duration($0.lastTokenSeconds) : "–",
                    ]
                }, textColumns: 3)
    }

    private static func text(_ run: StatusReport.Run) -> String {
        var rows: [(name: String, value: String)] = [("run", "\(printable(run.name)), \(run.state.rawValue)")]
        if let steps = run.steps {
            let eta = run.etaSeconds.map { ", ETA \(duration($0))" } ?? ""
            rows.append(("  steps", "\(run.step) of \(steps) done\(eta)"))
        }
        if let round = run.round {
            rows.append(
                (
                    "  round",
                    "\(round.phase.rawValue): \(round.unitsAccepted) of \(round.units) units accepted, \(round.unitsLeased) in flight, "
                        + "\(round.unitsPending) pending; \(round.completions) of \(round.completionsTotal) completions, "
                        + "\(round.tokens) tokens"
                ))
        }
        if let step = run.lastStep, let steps = run.steps {
            rows.append(
                ("  last step", RunConsole.line(step, steps: steps, remainingSeconds: run.etaSeconds ?? 0)))
        }
        if let evaluation = run.lastEvaluation { rows.append(("  evaluation", RunConsole.line(evaluation))) }
        return PlainText.table(rows)
    }

    static func duration(_ seconds: Double) -> String { Duration.seconds(max(0, seconds)).text }

    /// A text that a peer chose, without characters that a terminal would obey.
    static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }
}

/// Says what a running coordinator waits for.
struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Says what a running coordinator waits for, from whom and since when.",
        discussion: """
            A unit that is slow but healthy is shown with its tokens; one without a new token for a minute is called stuck.

            Example:
              t2-coord why --run-dir runs/math
            """)

    @OptionGroup var live: LiveRunOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let (report, text) = try live.client().waits()
        guard !json else { return try StandardOutput.write(text) }
        try StandardOutput.write(
            report.summary + "\n"
                + report.waits.map { wait in
                    let from = wait.worker.map { " from \($0)" } ?? ""
                    let since = wait.sinceSeconds.map { " since \(StatusCommand.duration($0))" } ?? ""
                    return StatusCommand.printable("  \(wait.run): \(wait.what)\(from)\(since): \(wait.verdict)") + "\n"
                }.joined())
    }
}
