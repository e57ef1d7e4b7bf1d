import ArgumentParser
import T2CommandLine
import T2Coordinator
import T2Core
import T2Jobs
import T2Monitor
import T2Tasks

/// Computes jobs on a cluster.
struct ClusterHostOptions: JobHostOptions {
    static let program = "t2-coord"
    static let description =
        "The workers that join compute it, and any of them may vanish. Every result is kept in the run folder: after a crash or "
        + "Ctrl-C the same command with --run-dir and --resume continues."
    static let exampleSuffix = " --local-workers 2"
    static let endsWhenStopped = false
    static let runFolderHelp = "Folder for all files of the job. (default: runs/<command>-<task>-<date>)"
    static let jsonHelp = "Print one JSON object on standard output, and progress on standard error."

    @OptionGroup var host: HostOptions

    func check(_ results: ServeRequest.Results?, tasks: [TrainingTask]) throws {
        try host.checkNetwork()
        if let results, let folder = results.folder {
            try RunFolder.check(path: folder, resume: results.isResumed)
            try RunFolder.checkWritable(folder)
        }
        guard host.localWorkers > 0 else { return }
        try LocalWorkers.requireProgram(LocalWorkers.installedProgram)
        _ = try host.verification.verifier(parallelism: 1, for: tasks)
    }

    /// With --json, standard output is for the one object.
    func tell(_ line: String, json: Bool) {
        if json { StandardError.write(line + "\n") } else { Console().say(line) }
    }

    func serve<Result: Sendable>(
        _ request: ServeRequest, _ body: @escaping @Sendable (any JobService, Engine) async throws -> Result
    ) async throws -> Result {
        let say: @Sendable (String) -> Void = { tell($0, json: request.results?.json == true) }
        let model = JobModel(request.model)
        let cluster = try ClusterHost(
            host, model: model, gradientCount: ExpertLayout.largestCount(of: model.configuration),
            layouts: [ExpertLayout(model: model.configuration, targets: .all)], tasks: request.tasks, say: say)
        let folder = try request.results.map { results in
            try RunFolder(
                path: results.folder ?? RunOptions.freshFolder(named: request.work), resume: results.isResumed)
        }
        if let folder { say("run folder \(folder.path)") }
        let logFolder = folder?.path ?? request.logFolder
        let runs = folder.map { Monitor.Run(name: request.work, folder: $0.path) }
        let (result, isStopped) = try await cluster.serve(
            logFolder: logFolder, runs: runs.map { [$0] } ?? [], signals: request.signals
        ) { dispatcher in
            let service = DispatcherService(dispatcher, folder: folder)
            let result = try await body(service) { .workers(await dispatcher.joinedCount) }
            return (result, await dispatcher.isStopped)
        }
        if isStopped {
            say(
                "stopped; continue with the same command"
                    + (folder.map { ", --resume and --run-dir \(RunSummary.quoted($0.path))" } ?? "")
            )
        }
        return result
    }
}
