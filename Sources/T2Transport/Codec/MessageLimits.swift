/// The largest sizes and counts in a message. A claimed size is compared with these before memory is allocated for it.
package struct MessageLimits: Sendable, Equatable {
    /// Bytes of a message. libzmq closes the connection of a peer that sends more.
    package var messageBytes = tensorBytes + besidesGradient
    /// Bytes of a message from a peer that no WELCOME has been sent to: a HELLO.
    package var strangerBytes = 64 << 10
    /// Bytes of the JSON header, which holds the texts of the completions.
    package var headerBytes = 32 << 20
    /// Completions of one result, or sequences of one lease.
    package var completions = 65_536
    /// Completion tokens of one result, and also its prompt tokens.
    package var tokens = 16 << 20
    /// Policies of one lease.
    package var policies = 4_096
    /// Tasks of one HELLO.
    package var tasks = 1_000
    /// Entries of an expert's layout.
    package var layoutEntries = 65_536
    /// Files of a model's folder, and decompositions of its weights.
    package var modelFiles = 1_000
    package var decompositions = 16_384
    /// Bytes of a name: a run, a problem, a worker's fingerprint.
    package var nameBytes = 1_000

    package init() {}

    /// Bytes of the largest message where no gradient has more values than this.
    package static func messageBytes(gradientCount: Int) -> Int {
        min(max(0, gradientCount), tensorBytes / 4) * MemoryLayout<Float>.stride + besidesGradient
    }

    /// Bytes of the largest tensor: 64 Mi values.
    package static let tensorBytes = 256 << 20
    /// Bytes of a message besides its gradient: the header, the tokens and their log-probabilities.
    private static let besidesGradient = 64 << 20

    /// Bytes of a piece of a file, and the number of pieces on their way to a worker.
    package static let chunkBytes = 2 << 20
    package static let chunksInFlight = 4

    /// Parts of the longest message: kind, header, and a result's four tensors.
    package static let parts = 6
    /// The depth to which arrays and objects of a header may be nested.
    package static let headerDepth = 32
    /// The largest step, index, attempt or token counter; sums of these cannot overflow.
    package static let counter = 1 << 40
}
