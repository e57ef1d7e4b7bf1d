import T2Core

/// A unit for one worker. One kind of lease serves training, evaluation and search.
package struct Lease: Sendable, Equatable, Codable {
    package var work: WorkUnit
    package var attempt: Int
    package var epoch: UInt64
    /// Seconds until the lease ends unless progress renews it.
    package var lengthSeconds: Double
    /// The version of each task of the coordinator's jobs, by name. It is not part of the unit; a worker that has another
    /// version of one refuses the unit, since it would judge by other rules.
    package var taskVersions: [String: String]?

    package var unit: UnitKey { work.key }
    package var name: LeaseName { LeaseName(unit: work.key, attempt: attempt) }

    package init(
        work: WorkUnit, attempt: Int, epoch: UInt64, lengthSeconds: Double, taskVersions: [String: String]? = nil
    ) {
        self.taskVersions = taskVersions
        self.work = work
        self.attempt = attempt
        self.epoch = epoch
        self.lengthSeconds = lengthSeconds
    }
}
