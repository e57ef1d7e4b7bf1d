import T2Core

/// A worker introduces itself.
package struct Hello: Sendable, Equatable, Codable {
    package var worker: WorkerIdentifier
    package var modelDigest: Digest
    package var tokenizerDigest: Digest
    /// The type in which the worker holds the weights.
    package var weights: WeightType
    /// Processor model and BLAS core type. Machines with different fingerprints may give results that differ in the last bits.
    package var fingerprint: String
    /// The number of units that the worker computes at the same time.
    package var lanes: Int
    /// The version of each task that the worker knows, by name; nil if it does not report them.
    package var taskVersions: [String: String]?
    /// The leases that the worker holds; nil if it does not report them.
    package var holding: [LeaseName]?

    package init(
        worker: WorkerIdentifier, modelDigest: Digest, tokenizerDigest: Digest,
        weights: WeightType = .float32, fingerprint: String, lanes: Int, taskVersions: [String: String]? = nil,
        holding: [LeaseName]? = nil
    ) {
        self.worker = worker
        self.modelDigest = modelDigest
        self.tokenizerDigest = tokenizerDigest
        self.weights = weights
        self.fingerprint = fingerprint
        self.lanes = lanes
        self.taskVersions = taskVersions
        self.holding = holding
    }
}
