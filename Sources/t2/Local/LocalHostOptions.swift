import ArgumentParser
import T2CommandLine
import T2Coordinator
import T2Core
import T2Jobs
import T2Tasks

/// Computes jobs on this machine.
struct LocalHostOptions: JobHostOptions {
    static let program = "t2"
    static let description =
        "Ctrl-C ends it with a partial result. With --run-dir every answer is kept: after a crash or Ctrl-C the same command with "
        + "--resume continues."
    static let exampleSuffix = ""
    static let endsWhenStopped = true

    @OptionGroup var laneOptions: LaneOptions
    @OptionGroup var verification: VerifierOptions

    @Option(
        name: .customLong("run-dir"),
        help: ArgumentHelp("Folder that keeps every answer, for --resume. (default: none)", valueName: "dir"))
    var runFolder: String?

    @Flag(help: "Resume the job in --run-dir; give all other options as at its start.")
    var resume = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard !resume || runFolder != nil else {
            throw ValidationError("--resume needs --run-dir: the folder of the job to resume.")
        }
    }

    func check(_ work: String, tasks: [TrainingTask]) throws {
        if let runFolder {
            try RunFolder.check(path: runFolder, resume: resume)
            try RunFolder.checkPlace(runFolder)
        }
        _ = try verification.verifier(parallelism: 1, for: tasks)
    }

    /// The progress bar shows it already.
    func tell(_: String) {}

    func serve<Result: Sendable>(
        _ request: ServeRequest, _ body: @escaping @Sendable (any JobService, Engine) async throws -> Result
    ) async throws -> Result {
        let lanes = laneOptions.count
        let host = try LocalHost(
            request.model, request.tokenizer, lanes: lanes,
            verifier: try verification.verifier(parallelism: lanes, for: request.tasks))
        let folder = request.keepsResults ? try runFolder.map { try RunFolder(path: $0, resume: resume) } : nil
        return try await host.serve(runFolder: folder, signals: request.signals) { service in
            try await body(service) { .lanes(lanes) }
        }
    }
}

/// The number of lanes of a command.
struct LaneOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Threads that run the model, or auto for one per core. It changes speed, never results.", valueName: "n"))
    var lanes = LaneCount.auto

    var count: Int { lanes.requested ?? MachineResources().cores }
}
