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

    var json: Bool { get }

    /// Makes the cheap checks, before anything is loaded.
    ///
    /// - Parameters:
    ///   - work: the name of the work, from which a run folder may be named: `eval-gsm-mini`.
    ///   - tasks: the tasks whose completions are judged.
    func check(_ work: String, tasks: [TrainingTask]) throws

    /// Prints a line about the progress of a job.
    func tell(_ line: String)

    /// Opens a service for jobs on one base model, runs `body` with it, and closes it.
    func serve<Result: Sendable>(
        _ request: ServeRequest, _ body: @escaping @Sendable (any JobService, Engine) async throws -> Result
    ) async throws -> Result
}

extension JobHostOptions {
    /// Runs one job of a task and shows its progress.
    ///
    /// - Parameters:
    ///   - work: as in `check`.
    ///   - iterations: the maximum number of iterations of a search.
    /// - Returns: also what computed the job, and in how many seconds.
    func run<Work: Job>(
        _ job: Work, _ work: String, title: String, _ model: BaseModelFolder, _ tokenizer: Tokenizer,
        _ task: TrainingTask, iterations: Int = FewShotSearch.Settings().iterations
    ) async throws -> (ending: JobEnding<Work>, engine: EvaluationResult.Engine, seconds: Double)
    where Work.Event == FewShotSearch.Iteration {
        let bar = JobProgressBar(title, iterations: iterations)
        defer { bar.finish() }
        // A signal that comes while the model is loaded is delivered once there is a job to stop.
        let signals = StopSignals { _ in }
        let request = ServeRequest(work: work, model: model, tokenizer: tokenizer, tasks: [task], signals: signals)
        return try await serve(request) { service, engine in
            let start = ContinuousClock.now
            let ending = try await service.run(job, progress: bar.report) { iteration, _ in
                bar.report(iteration)
                tell(iteration.line(of: iterations))
            }
            return (ending, await engine(), (ContinuousClock.now - start).seconds)
        }
    }
}

/// What a host needs to compute jobs.
package struct ServeRequest: Sendable {
    /// The name of the work, as in `JobHostOptions.check`.
    package let work: String
    package let model: BaseModelFolder
    package let tokenizer: Tokenizer
    package let tasks: [TrainingTask]
    package let signals: StopSignals
    /// Whether the run folder keeps the results; then there must be one job only.
    package var keepsResults = true
}
