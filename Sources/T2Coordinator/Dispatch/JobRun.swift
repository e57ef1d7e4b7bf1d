import T2Core
import T2Jobs

/// One job on its way through a dispatcher: round after round, until it is finished or is to stop.
package struct JobRun<J: Job>: Sendable {
    /// What a round took, for who measures.
    package typealias OnEvent = @Sendable (J.Event, J, RoundTiming) async throws -> Void

    private let journal: RunJournal
    private let dispatcher: Dispatcher
    private let weight: Double

    /// - Parameter weight: the job's share of the workers, relative to that of other jobs.
    package init(_ journal: RunJournal, _ dispatcher: Dispatcher, weight: Double = 1) {
        self.journal = journal
        self.dispatcher = dispatcher
        self.weight = weight
    }

    /// - Throws: what ends the job: `CoordinatorError`, `RunStoreError`, what the job throws.
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
                throw try evidence(of: failure, round, job.model)
            }
            timing.take = ContinuousClock.now - taken
            for event in events { try await onEvent(event, job, timing) }
        }
        return .finished(job)
    }

    /// The unit that an update failed at, saved as if its result had been refused.
    private func evidence(of failure: UpdateStep.Failure, _ round: Round, _ model: JobModel) throws -> CoordinatorError
    {
        guard let unit = round.unit(failure.unit), let accepted = try journal.acceptedResult(unit) else {
            return .nonFiniteUpdate(failure.unit, failure.cause, evidence: nil, model: model.path)
        }
        let unitFailure = UnitFailure(
            worker: WorkerIdentifier(name: accepted.worker, incarnation: 0), attempt: accepted.result.attempt,
            category: .nonFinite, message: failure.description)
        let open = Dispatcher.OpenRound(
            round: round, journal: journal, allowsMissing: false, progress: RoundProgress(phase: .train, total: 0),
            onProgress: { _ in })
        let folder = try open.save(unitFailure, of: unit, answer: .result(accepted.result), epoch: 0)
        return .nonFiniteUpdate(failure.unit, failure.cause, evidence: folder, model: model.path)
    }
}

/// Where the time of a round went.
package struct RoundTiming: Sendable {
    /// From handing out the first unit to committing the last.
    package var collect: Duration
    /// What the job took to go on from the results.
    package var take: Duration = .zero
    /// Workers present at the end of the round.
    package var workers = 0
}
