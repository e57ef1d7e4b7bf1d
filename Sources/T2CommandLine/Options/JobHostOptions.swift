import ArgumentParser
import T2Core
import T2Formats
import T2Jobs
import T2Tasks
import T2Text

/// Where a program computes jobs: on this machine, or on a cluster. `eval`, `adapt` and `report` are written once over it.
package protocol JobHostOptions: ParsableArguments, Sendable {
    /// What computed the jobs, known once they are done.
    typealias Engine = @Sendable () async -> EvaluationResult.Engine

    /// The program's name, for examples: `t2`.
    static var program: String { get }
    /// How the program computes, as sentences for the help of each command.
    static var description: String { get }
    /// What an example of each command ends with to be complete.
    static var exampleSuffix: String { get }
    /// Whether a job that was stopped is over. Else the same command goes on with it, and what there is is not printed.
    static var endsWhenStopped: Bool { get }

    var json: Bool { get }

    /// Checks what is quickly found wrong, before anything is loaded.
    ///
    /// - Parameters:
    ///   - work: what is done, for the name of a folder: `eval-gsm-mini`.
    ///   - tasks: whose completions are to be judged.
    func check(_ work: String, tasks: [TrainingTask]) throws

    /// Takes a line about what a job has done, for people who follow it.
    func tell(_ line: String)

    /// Opens for jobs on one base model, runs them, and closes.
    func serve<Result: Sendable>(
        _ request: ServeRequest, _ body: @escaping @Sendable (any JobService, Engine) async throws -> Result
    ) async throws -> Result
}

/// What jobs need to be computed.
package struct ServeRequest: Sendable {
    /// As for `check`.
    package let work: String
    package let model: BaseModelFolder
    package let tokenizer: Tokenizer
    package let tasks: [TrainingTask]
    package let signals: StopSignals
    /// Whether the results of the only job are kept where the options say.
    package var keepsResults = true

    package init(
        work: String, model: BaseModelFolder, tokenizer: Tokenizer, tasks: [TrainingTask], signals: StopSignals
    ) {
        self.work = work
        self.model = model
        self.tokenizer = tokenizer
        self.tasks = tasks
        self.signals = signals
    }
}
