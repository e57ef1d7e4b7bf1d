import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Experiments
import T2Report

/// The paper's tables and analyses.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Measures the paper's tables and analyses, and writes them as a page, as tables and as JSON.",
        discussion: """
            The configuration names base models, experts, LoRA adapters and tasks. The folder receives report.html (one page, \
            nothing else needed), report.md, report.json, and every measurement under measurements/: a report that was stopped \
            goes on where it was, and only what changed is measured again.

            Examples:
              t2 report --config experts/tiny/report.yaml --output report
              t2 report --config llama-3-8b.yaml --output report-8b --lanes 8
            """)

    @Option(name: .customLong("config"), help: ArgumentHelp("What to measure.", valueName: "file.yaml"))
    var configurationPath: String

    @Option(help: ArgumentHelp("Folder to write; may exist.", valueName: "dir"))
    var output: String

    @OptionGroup var laneOptions: LaneOptions
    @OptionGroup var verification: VerifierOptions

    func run() throws {
        let configuration = try ReportConfiguration(path: configurationPath)
        let interruption = StopSignals { _ in }
        let report = try Report(
            configuration, folder: output + "/measurements", lanes: laneOptions.count,
            verifier: { try verification.verifier(parallelism: laneOptions.count, for: $0) },
            isCancelled: { interruption.isRequested })
        let reporter = ProgressReporter("report")
        defer { reporter.finish() }
        try report.measure { done, total, label in
            reporter.report(fraction: Double(done) / Double(max(1, total)), note: "\(done) of \(total), \(label)")
        }
        let document = try report.document()
        let files = [
            ("report.html", try HTMLReport.page(document)), ("report.md", try MarkdownReport.text(document)),
            ("report.json", try document.json()),
        ]
        for (name, text) in files { try AtomicFile.write(text, to: "\(output)/\(name)") }
        try StandardOutput.write("wrote \(files.map { "\(output)/\($0.0)" }.joined(separator: ", "))\n")
    }
}
