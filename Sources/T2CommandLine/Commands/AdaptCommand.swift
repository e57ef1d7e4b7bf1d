import ArgumentParser
import T2Formats
import T2Jobs
import T2Learning
import T2Tasks

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
    @OptionGroup package var weights: WeightOptions
    @OptionGroup package var experts: ExpertSelectionOptions
    @OptionGroup package var search: FewShotOptions
    @OptionGroup package var chat: ChatOptions
    @OptionGroup package var data: TaskDataOptions
    @OptionGroup package var host: Host
    @OptionGroup package var results: JobResultOptions<Host>

    package init() {}

    package func run() async throws {
        let destination = try OutputDestination(checking: search.output)
        let task = try data.task()
        let work = "adapt-\(task.name)"
        try host.check(results.results, tasks: [task])
        let (folder, tokenizer) = try model.openFolder(weights.choice)
        let entries = try experts.load(for: folder)
        let reader = try data.reader(task, folder, tokenizer, chat)
        let job = try SearchJob(
            name: work, model: JobModel(folder), task: task.name,
            shots: try ShotSelection.draw(
                search.shots, from: try reader.announcedExamples(), task: task.name, seed: search.seed),
            sampling: reader.sampling(), entries: entries, mixture: try search.mixture(entries),
            settings: search.settings())
        let (ending, _, seconds) = try await host.run(
            job, work, title: "adapt", folder, tokenizer, task, results.results, iterations: search.iterations)
        let result: FewShotResult
        switch ending {
        case .finished(let job): result = try job.result()
        case .stopped(let job, _):
            guard Host.endsWhenStopped else { return }
            result = try job.result(isStopped: true)
        }
        try result.mixture.write(to: destination.path)
        try AtomicFile.write(
            try result.solution.iterations.map { try JSONText.line($0) }.joined(),
            to: FewShotSummary.tracePath(output: search.output))
        let report = FewShotSummary(
            result, task: task.name, method: search.method, seconds: seconds, output: search.output)
        let rows = report.rows(result.coefficients.map(\.expert))
        try StandardOutput.write(results.json ? JSONText.line(report) : PlainText.table(rows))
    }
}
