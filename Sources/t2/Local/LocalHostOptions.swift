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
    static let runFolderHelp = "Folder that keeps every answer, for --resume. (default: none)"
    static let jsonHelp = "Print one JSON object."

    @OptionGroup var laneOptions: LaneOptions
    @OptionGroup var verification: VerifierOptions

    func check(_ results: ServeRequest.Results?, tasks: [TrainingTask]) throws {
        if let results, let folder = results.folder {
            try RunFolder.check(path: folder, resume: results.isResumed)
            try RunFolder.checkWritable(folder)
        }
        _ = try verification.verifier(parallelism: 1, for: tasks)
    }

    /// The progress bar shows it already.
    func tell(_: String, json _: Bool) {}

    func serve<Result: Sendable>(
        _ request: ServeRequest, _ body: @escaping @Sendable (any JobService, Engine) async throws -> Result
    ) async throws -> Result {
        let lanes = laneOptions.plan(request.model)
        let host = try LocalHost(
            request.model, request.tokenizer, lanes: lanes,
            verifier: try verification.verifier(parallelism: laneOptions.count, for: request.tasks))
        let results = request.results
        let folder = try results?.folder.map { try RunFolder(path: $0, resume: results?.isResumed == true) }
        return try await host.serve(runFolder: folder, signals: request.signals) { service in
            try await body(service) { .lanes(lanes.lanes) }
        }
    }
}
