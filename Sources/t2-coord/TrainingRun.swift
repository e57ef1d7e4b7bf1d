import Foundation
import Logging
import T2Coordinator
import T2Core
import T2Formats
import T2Jobs

/// One training run of `t2-coord start`, prepared and checked.
struct TrainingRun: Sendable {
    let preparation: TrainingPreparation
    let path: String
    let resume: Bool
    /// The run's share of the workers in proportion to those of other runs.
    let weight: Double
    let logger: Logger
    /// Prints a line about this run.
    let say: @Sendable (String) -> Void

    private var definition: TrainingDefinition { preparation.definition }

    /// Prints the resolved configuration and the plan.
    func describe() throws {
        say("configuration")
        for line in try preparation.resolved.yaml().split(separator: "\n") { say("  \(line)") }
        for notice in preparation.notices { say(notice) }
        say("plan")
        for line in preparation.plan { say(line) }
    }

    /// Makes the checks of `--resume`, and prints the step after which the run would continue.
    func inspect() throws {
        let saved = try SavedRun.inspect(definition, folder: path)
        report(saved.damaged)
        guard let checkpoint = saved.checkpoint else { return }
        say(
            definition.isFinished(checkpoint)
                ? "this run is finished" : "resuming would begin after step \(checkpoint.step)")
    }

    /// Creates or opens the run folder, restores the job, and returns what remains to be done; nil if the run is finished.
    func open() async throws -> Opened? {
        let folder = try RunFolder(path: path, resume: resume)
        // Before the database: a folder that holds a run always holds its configuration.
        if !resume { try AtomicFile.write(preparation.resolved.yaml(), to: folder.configurationPath) }
        let journal = try RunJournal(TrainingJob(definition, from: try definition.start()), folder: folder)
        let recorder = try TrainingRecorder(definition, journal: journal, folder: folder, console: say)
        let (job, damaged) = try await recorder.restore()
        report(damaged)
        guard !job.definition.isFinished(job.checkpoint) else {
            try await reportFinished(job, recorder)
            try journal.close()
            return nil
        }
        // The number of steps may have been raised.
        if resume { try AtomicFile.write(preparation.resolved.yaml(), to: folder.configurationPath) }
        if job.checkpoint.step > 0 { try await recorder.say("resuming after step \(job.checkpoint.step)") }
        say("run folder \(folder.path)")
        return Opened(run: self, job: job, journal: journal, recorder: recorder)
    }

    /// A run that has work left, with its open folder.
    struct Opened: Sendable {
        let run: TrainingRun
        let job: TrainingJob
        let journal: RunJournal
        let recorder: TrainingRecorder

        /// The run's name in the dispatcher: the one at its start, although the folder may have been renamed since.
        var name: String { job.name }

        /// Trains to the end, or until the dispatcher stops.
        func train(_ dispatcher: Dispatcher) async throws -> JobEnding<TrainingJob> {
            try await recorder.saveLast(job)
            let rounds = LongRounds(steps: job.definition.configuration.steps, say: run.say)
            return try await JobRun<TrainingJob>(journal, dispatcher, weight: run.weight).run(
                job, onProgress: rounds.report
            ) { event, job, timing in
                try await recorder.record(event, job, timing)
            }
        }

        /// Prints the summary of an ended run, and the command that resumes a stopped one.
        func report(_ ending: JobEnding<TrainingJob>) async throws {
            switch ending {
            case .finished(let job):
                try await recorder.finish(job)
                let summary = try await recorder.summary(of: job.checkpoint)
                for line in summary.lines(folder: recorder.folder, configuration: job.definition.configuration) {
                    try await recorder.say(line)
                }
            case .stopped(let job, _):
                try await recorder.say(
                    RunConsole.interruption(step: job.checkpoint.step, steps: job.definition.configuration.steps))
            }
        }
    }

    /// Prints the summary of a finished run again, and leaves its folder unchanged.
    private func reportFinished(_ job: TrainingJob, _ recorder: TrainingRecorder) async throws {
        let summary = try await recorder.summary(of: job.checkpoint)
        say("this run is finished; nothing was changed" + (summary.endedEarly ? "" : " (for more steps: --steps N)"))
        for line in summary.lines(folder: recorder.folder, configuration: job.definition.configuration) { say(line) }
    }

    private func report(_ damaged: [String]) {
        for problem in damaged { logger.warning("checkpoint left out", metadata: ["problem": "\(problem)"]) }
    }
}
