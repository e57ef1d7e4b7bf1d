import T2Core
import T2Jobs
import Testing

/// A round as it can be compared: its units, and the digests of its policies.
struct RoundContent: Equatable {
    let step: Int
    let units: [WorkUnit]
    let policies: Set<Digest>

    init(_ round: Round) {
        step = round.step
        units = round.units
        policies = Set(round.policies.keys)
    }
}

/// A job taken through its rounds by hand, with everything that it took.
struct DrivenJob<J: Job> {
    private(set) var job: J
    private(set) var rounds: [RoundContent] = []
    private(set) var outputs: [[UnitKey: UnitOutput]] = []
    private(set) var events: [J.Event] = []

    init(_ job: J) { self.job = job }

    /// Goes on to the job's end.
    ///
    /// - Parameters:
    ///   - saved: outputs of the first rounds, which are taken instead of computed.
    ///   - limit: rounds to compute after those.
    mutating func run(
        from saved: [[UnitKey: UnitOutput]] = [], limit: Int = .max,
        compute: (WorkUnit, [Digest: Policy]) throws -> UnitOutput = SampleJobs.compute
    ) throws {
        var computed = 0
        let first = rounds.count
        while let round = try job.nextRound() {
            let index = rounds.count - first
            let results: [UnitKey: UnitOutput]
            if saved.indices.contains(index) {
                results = saved[index]
            } else {
                guard computed < limit else { return }
                computed += 1
                results = try Dictionary(
                    uniqueKeysWithValues: round.units.map { ($0.key, try compute($0, round.policies)) })
            }
            rounds.append(RoundContent(round))
            outputs.append(results)
            events += try job.take(RoundResults(round: round, outputs: results))
        }
    }

    /// Runs the job, and then again for each round at which it may have been killed: from the results that were kept by then.
    /// Every time the rounds must be the same.
    static func checkResumption(_ make: () throws -> J) throws -> DrivenJob<J> {
        var whole = DrivenJob(try make())
        try whole.run()
        for kept in 0...whole.rounds.count {
            var killed = DrivenJob(try make())
            try killed.run(limit: kept)
            #expect(killed.rounds == Array(whole.rounds.prefix(kept)))
            var rebuilt = DrivenJob(try make())
            try rebuilt.run(from: killed.outputs)
            #expect(rebuilt.rounds == whole.rounds, "killed after \(kept) rounds")
        }
        return whole
    }
}
