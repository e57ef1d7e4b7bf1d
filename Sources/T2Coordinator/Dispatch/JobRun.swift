import T2Core
import T2Jobs

/// Runs one job through a dispatcher, round after round, until it is finished or stopped.
package struct JobRun<J: Job>: Sendable {
    /// Receives an event, the job after it, and the timing of the round.
    package typealias OnEvent = @Sendable (J.Event, J, RoundTiming) async throws -> Void

    private let journal: RunJournal
    private let dispatcher: Dispatcher
    private let weight: Double

    /// - Parameter weight: the job's share of the workers in proportion to the weights of other jobs; above 0.
    package init(_ journal: RunJournal, _ dispatcher: Dispatcher, weight: Double = 1) {
        self.journal = journal
        self.dispatcher = dispatcher
        self.weight = weight
    }

    /// - Throws: the error that ended the job: `CoordinatorError`, `RunStoreError`, or an error of the job.
    package func run(
        _ job: J, onProgress: @escaping @Sendable (RoundProgress) -> Void = { _ in }, onEvent: OnEvent
    ) async throws -> JobEnding<J> {
        var job = job
        while let round = try job.nextRound() {
            let start = ContinuousClock.now
            let isCollected = try await dispatcher.collect(
                round, of: job, journal, weight: weight, onProgress: onProgress)
            let results = journal.results(of: round)
            guard isCollected else { return .stopped(job, results) }
            var timing = RoundTiming(collect: ContinuousClock.now - start)
            timing.workers = await dispatcher.workerCount
            let taken = ContinuousClock.now
            let events: [J.Event]
            do {
                events = try job.take(results)
            } catch let failure as UpdateStep.Failure {
                throw error(of: failure, round, job.model)
            }
            timing.take = ContinuousClock.now - taken
            for event in events { try await onEvent(event, job, timing) }
        }
        return .finished(job)
    }

    /// Saves the unit that made an update fail, as if its result had been refused. If it cannot be saved, the error names no
    /// evidence: the update's failure is what the user must hear of.
    private func error(of failure: UpdateStep.Failure, _ round: Round, _ model: JobModel) -> CoordinatorError {
        guard let unit = round.unit(failure.unit), let accepted = try? journal.acceptedResult(unit) else {
            return .nonFiniteUpdate(failure.unit, failure.cause, evidence: nil, model: model.path)
        }
        let unitFailure = UnitFailure(
            worker: WorkerIdentifier(name: accepted.worker, incarnation: 0), attempt: accepted.result.attempt,
            category: .nonFinite, message: failure.description)
        let folder = try? journal.save(unitFailure, of: unit, in: round, answer: .result(accepted.result), epoch: 0)
        return .nonFiniteUpdate(failure.unit, failure.cause, evidence: folder, model: model.path)
    }
}

/// The timing of a round.
package struct RoundTiming: Sendable {
    /// The time from handing out the first unit to committing the last.
    package var collect: Duration
    /// The time that the job took to process the results.
    package var take: Duration = .zero
    /// The number of workers at the end of the round.
    package var workers = 0
}
