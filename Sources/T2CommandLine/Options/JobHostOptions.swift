import ArgumentParser
import T2Core
import T2Formats
import T2Jobs
import T2Learning
import T2Tasks
import T2Text

/// Where a program computes jobs: on this machine or on a cluster. The commands `eval`, `adapt` and `report` are generic over it.
package protocol JobHostOptions: ParsableArguments, Sendable {
    /// What computed the jobs, known once they are done.
    typealias Engine = @Sendable () async -> EvaluationResult.Engine

    /// The program's name, for examples: `t2`.
    static var program: String { get }
    /// How the program computes, as sentences for the help of each command.
    static var description: String { get }
    /// The flags that complete an example of each command.
    static var exampleSuffix: String { get }
    /// Whether a stopped job prints its partial result. Otherwise the same command resumes the job.
    static var endsWhenStopped: Bool { get }

    /// The help of `--run-dir` and of `--json`.
    static var runFolderHelp: String { get }
    static var jsonHelp: String { get }

    /// Makes the cheap checks, before anything is loaded.
    ///
    /// - Parameters:
    ///   - results: where the results of the job go; nil for the jobs of a report.
    ///   - tasks: the tasks whose completions are judged.
    func check(_ results: ServeRequest.Results?, tasks: [TrainingTask]) throws

    /// Prints a line about the progress of a job.
    ///
    /// - Parameter json: whether standard output is for one JSON object.
    func tell(_ line: String, json: Bool)

    /// Opens a service for jobs on one base model, runs `body` with it, and closes it.
    func serve<Result: Sendable>(
        _ request: ServeRequest, _ body: @escaping @Sendable (any JobService, Engine) async throws -> Result
    ) async throws -> Result
}

extension JobHostOptions {
    /// Runs one job of a task and shows its progress.
    ///
    /// - Parameters:
    ///   - work: the name of the work, from which a run folder may be named: `eval-gsm-mini`.
    ///   - iterations: the maximum number of iterations of a search.
    /// - Returns: also what computed the job, and in how many seconds.
    func run<Work: Job>(
        _ job: Work, _ work: String, title: String, _ model: BaseModelFolder, _ tokenizer: Tokenizer,
        _ task: TrainingTask, _ results: ServeRequest.Results, iterations: Int = FewShotSearch.Settings().iterations
    ) async throws -> (ending: JobEnding<Work>, engine: EvaluationResult.Engine, seconds: Double)
    where Work.Event == FewShotSearch.Iteration {
        let bar = JobProgressBar(title, iterations: iterations)
        defer { bar.finish() }
        // A signal that comes while the model is loaded is delivered once there is a job to stop.
        let signals = StopSignals { _ in }
        let request = ServeRequest(
            work: work, model: model, tokenizer: tokenizer, tasks: [task], signals: signals, results: results)
        return try await serve(request) { service, engine in
            let start = ContinuousClock.now
            let ending = try await service.run(job, progress: bar.report) { iteration, _ in
                bar.report(iteration)
                tell(iteration.line(of: iterations), json: results.json)
            }
            return (ending, await engine(), (ContinuousClock.now - start).seconds)
        }
    }
}

/// What a host needs to compute jobs.
package struct ServeRequest: Sendable {
    /// Where the results of the only job go.
    package struct Results: Sendable {
        /// The run folder; nil lets the host choose.
        package let folder: String?
        package let isResumed: Bool
        /// Whether standard output is for one JSON object.
        package let json: Bool
    }

    /// The name of the work, from which a run folder may be named.
    package let work: String
    package let model: BaseModelFolder
    package let tokenizer: Tokenizer
    package let tasks: [TrainingTask]
    package let signals: StopSignals
    /// Nil if there are several jobs, whose caller keeps the results.
    package var results: Results?
    /// The existing folder for the logs of local workers if there is no run folder.
    package var logFolder = "."
}
