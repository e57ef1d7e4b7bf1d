import T2Core

/// A unit for one worker. One kind of lease serves training, evaluation and search.
package struct Lease: Sendable, Equatable, Codable {
    package var work: WorkUnit
    package var attempt: Int
    package var epoch: UInt64
    /// Seconds until the lease ends unless progress renews it.
    package var lengthSeconds: Double
    /// The tokens of another worker's completions, in the order of the sequences, if they are to be checked: scored and compared with what
    /// the sampler draws, instead of sampled.
    package var tokens: [[Int32]]?

    package var unit: UnitKey { work.key }
    package var name: LeaseName { LeaseName(unit: work.key, attempt: attempt) }

    package init(
        work: WorkUnit, attempt: Int, epoch: UInt64, lengthSeconds: Double, tokens: [[Int32]]? = nil
    ) {
        self.work = work
        self.attempt = attempt
        self.epoch = epoch
        self.lengthSeconds = lengthSeconds
        self.tokens = tokens
    }
}
