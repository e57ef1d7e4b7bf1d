import ArgumentParser
import T2Core
import T2Formats
import T2Report

/// Measures the paper's tables and analyses.
package struct ReportCommand<Host: JobHostOptions>: AsyncParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "report",
            abstract: "Measures the paper's tables and analyses, and writes them as a page, as tables and as JSON.",
            discussion: """
                The configuration names base models, experts, LoRA adapters and tasks. The output folder receives report.html (one \
                self-contained page), report.md, report.json, and every measurement under measurements/. The same command \
                continues a stopped report, and measures again only what has changed. A second base model is measured after the \
                first; on a cluster it needs workers that hold it.

                Examples:
                  \(Host.program) report --config experts/tiny/report.yaml --output report\(Host.exampleSuffix)
                """)
    }

    @Option(name: .customLong("config"), help: ArgumentHelp("Configuration of the report.", valueName: "file.yaml"))
    package var configurationPath: String

    @Option(help: ArgumentHelp("Output folder; it may exist.", valueName: "dir"))
    package var output: String

    @OptionGroup package var host: Host

    package init() {}

    package func run() async throws {
        let signals = StopSignals()
        let report = try Report(try ReportConfiguration(path: configurationPath), folder: output + "/measurements")
        try host.check(nil, tasks: report.tasks)
        let reporter = ProgressReporter("report")
        defer { reporter.finish() }
        for (index, model) in report.models.enumerated() {
            let request = ServeRequest(
                work: "report", model: model.folder, tokenizer: model.tokenizer, tasks: report.tasks, signals: signals,
                logFolder: output)
            try await host.serve(request) { service, _ in
                try await report.measure(model: index, service) { done, total, label in
                    reporter.report(
                        fraction: Double(done) / Double(max(1, total)), note: "\(done) of \(total), \(label)")
                }
            }
        }
        reporter.finish()
        let document = try report.document()
        let files = [
            ("report.html", try HTMLReport.page(document)), ("report.md", try MarkdownReport.text(document)),
            ("report.json", try document.json()),
        ]
        for (name, text) in files { try AtomicFile.write(text, to: "\(output)/\(name)") }
        try StandardOutput.write("wrote \(files.map { "\(output)/\($0.0)" }.joined(separator: ", "))\n")
    }
}
