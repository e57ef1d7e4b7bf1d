import T2Core

/// The coordinator takes a worker on.
package struct Welcome: Sendable, Equatable, Codable {
    /// It changes at every start of the coordinator; results of another epoch are stale.
    package var epoch: UInt64
    package var runs: [String]

    package init(epoch: UInt64, runs: [String]) {
        self.epoch = epoch
        self.runs = runs
    }
}
