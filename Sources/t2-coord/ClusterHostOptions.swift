import ArgumentParser
import T2CommandLine
import T2Coordinator
import T2Core
import T2Jobs
import T2Tasks
import T2Transport

/// Computes jobs on a cluster.
struct ClusterHostOptions: JobHostOptions {
    static let program = "t2-coord"
    static let description =
        "The workers that join compute it, and any of them may vanish. Every result is kept in the run folder: after a crash or "
        + "Ctrl-C the same command with --run-dir and --resume continues."
    static let exampleSuffix = " --local-workers 2"
    static let endsWhenStopped = false

    @Option(
        name: .customLong("run-dir"),
        help: ArgumentHelp(
            "Folder for all files of the job. (default: runs/<command>-<task>-<date>)", valueName: "dir"))
    var runFolder: String?

    @OptionGroup var host: HostOptions

    @Flag(help: "Resume the job in --run-dir; give all other options as at its start.")
    var resume = false

    @Flag(help: "Print one JSON object on standard output, and progress on standard error.")
    var json = false

    func validate() throws {
        guard !resume || runFolder != nil else {
            throw ValidationError("--resume needs --run-dir: the folder of the job to resume.")
        }
    }

    func check(_ work: String, tasks: [TrainingTask]) throws {
        _ = try Endpoint(host.bind, isListening: true)
        if let runFolder {
            try RunFolder.check(path: runFolder, resume: resume)
            try RunFolder.checkPlace(runFolder)
        }
        guard host.localWorkers > 0 else { return }
        try LocalWorkers.requireProgram(LocalWorkers.installedProgram)
        _ = try host.verification.verifier(parallelism: 1, for: tasks)
    }

    /// With --json, standard output is for the one object.
    func tell(_ line: String) {
        if json { StandardError.write(line + "\n") } else { Console().say(line) }
    }

    func serve<Result: Sendable>(
        _ request: ServeRequest, _ body: @escaping @Sendable (any JobService, Engine) async throws -> Result
    ) async throws -> Result {
        let path = runFolder ?? RunOptions.freshFolder(named: request.work)
        let cluster = try ClusterHost(
            host, model: JobModel(request.model), taskFolders: request.tasks.compactMap(\.own?.folder), say: tell)
        let folder = try RunFolder(path: path, resume: resume)
        tell("run folder \(folder.path)")
        let keepsResults = request.keepsResults
        let (result, isStopped) = try await cluster.serve(logFolder: folder.path, signals: request.signals) {
            dispatcher in
            let service = DispatcherService(dispatcher, folder: keepsResults ? folder : nil)
            let result = try await body(service) { .workers(await dispatcher.joinedCount) }
            return (result, await dispatcher.isStopped)
        }
        if isStopped { tell("stopped; go on with the same command, --resume and --run-dir \(folder.path)") }
        return result
    }
}
