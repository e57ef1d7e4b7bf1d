/// The coordinator admits a worker.
package struct Welcome: Sendable, Equatable, Codable {
    /// Each start of the coordinator has a new epoch; results of another epoch are stale.
    package var epoch: UInt64
    package var runs: [String]

    package init(epoch: UInt64, runs: [String]) {
        self.epoch = epoch
        self.runs = runs
    }
}
