import ArgumentParser
import T2Core
import T2Formats
import T2Jobs
import T2Learning
import T2Tasks
import T2Text

/// Finds the mixture of experts that answers a few examples of a task best.
package struct AdaptCommand<Host: JobHostOptions>: AsyncParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "adapt",
            abstract: "Searches for the mixture of experts that answers a few examples of a task best.",
            discussion: """
                z = Σ α z over the experts, with α in 0…1. All candidates of an iteration answer together, greedily, over one \
                resident model; among candidates with equally many right answers, the likelihood of the correct ones decides. The \
                mixture is written as an expert file, and every iteration as a line of a .trace.jsonl beside it. The same seed \
                finds the same mixture, on one machine and on a cluster. \(Host.description)

                Examples:
                  \(Host.program) adapt --model experts/tiny/base --experts experts/tiny \\
                    --task math-mini --output math-mini.safetensors\(Host.exampleSuffix)
                  \(Host.program) adapt --model experts/tiny/base --experts math.safetensors,code.safetensors \\
                    --task arcc-mini --shots 20 --per-layer --normalize --output mixed.safetensors\(Host.exampleSuffix)
                """)
    }

    @OptionGroup package var model: ModelOptions
    @OptionGroup package var experts: ExpertSelectionOptions
    @OptionGroup package var search: FewShotOptions
    @OptionGroup package var data: TaskDataOptions
    @OptionGroup package var host: Host

    package init() {}

    package func run() async throws {
        let destination = try OutputDestination(checking: search.outputPath)
        let task = try data.task()
        let work = "adapt-\(task.name)"
        try host.check(work, tasks: [task])
        let (folder, tokenizer) = try model.openFolder()
        let entries = try experts.load(for: folder)
        let reader = try data.reader(task, folder, tokenizer)
        let job = try SearchJob(
            name: work, model: JobModel(folder), task: task.name,
            shots: try ShotSelection.draw(
                search.shots, from: try reader.announcedExamples(), task: task.name, seed: search.seed),
            sampling: reader.sampling(), entries: entries, mixture: try search.mixture(entries),
            settings: search.settings())
        let bar = JobProgressBar("adapt", iterations: search.iterations)
        defer { bar.finish() }
        // A signal that comes while the model is loaded is delivered once there is a job to stop.
        let signals = StopSignals { _ in }
        let request = ServeRequest(
            work: work, model: folder, tokenizer: tokenizer, tasks: [task], signals: signals)
        let (ending, seconds) = try await host.serve(request) { [host, search] service, _ in
            let start = ContinuousClock.now
            let ending = try await service.run(job, progress: bar.report) { iteration, _ in
                bar.report(iteration)
                host.tell(iteration.line(of: search.iterations))
            }
            return (ending, (ContinuousClock.now - start).seconds)
        }
        bar.finish()
        let result: FewShotResult
        switch ending {
        case .finished(let job): result = try job.result()
        case .stopped(let job, _):
            guard Host.endsWhenStopped else { return }
            result = try job.result(isStopped: true)
        }
        try result.mixture.write(to: destination.path)
        try AtomicFile.write(
            try result.outcome.iterations.map { try JSONText.line($0) }.joined(),
            to: FewShotReport.tracePath(output: search.outputPath))
        let report = FewShotReport(
            result, task: task.name, method: search.method, seconds: seconds, output: search.outputPath)
        try StandardOutput.write(host.json ? JSONText.line(report) : PlainText.table(report.rows))
    }
}
