import T2Core

/// A worker introduces itself.
package struct Hello: Sendable, Equatable, Codable {
    package var worker: WorkerIdentifier
    package var modelDigest: Digest
    package var tokenizerDigest: Digest
    /// Processor model and BLAS core type: machines that differ in it may differ in the last bits.
    package var fingerprint: String
    /// Units that the worker computes at a time.
    package var lanes: Int
    /// The leases in its hands; nil from a worker that does not say.
    package var holding: [LeaseName]?

    package init(
        worker: WorkerIdentifier, modelDigest: Digest, tokenizerDigest: Digest, fingerprint: String, lanes: Int,
        holding: [LeaseName]? = nil
    ) {
        self.worker = worker
        self.modelDigest = modelDigest
        self.tokenizerDigest = tokenizerDigest
        self.fingerprint = fingerprint
        self.lanes = lanes
        self.holding = holding
    }
}
