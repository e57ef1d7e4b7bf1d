/// The largest sizes and counts in a message. A claimed size is compared with these before memory is allocated for it.
package struct MessageLimits: Sendable, Equatable {
    /// Bytes of one frame: 64 Mi floats. libzmq closes the connection of a peer that sends more.
    package var frameBytes = 256 << 20
    /// Bytes of the JSON header, which holds the texts of the completions.
    package var headerBytes = 32 << 20
    /// Completions of one result, or sequences of one lease.
    package var completions = 65_536
    /// Completion tokens of one result, and also its prompt tokens.
    package var tokens = 16 << 20
    /// Policies of one lease.
    package var policies = 4_096
    /// Entries of an expert's layout.
    package var layoutEntries = 65_536
    /// Bytes of a name: a run, a problem, a worker's fingerprint.
    package var nameBytes = 1_000

    package init() {}

    /// Frames of the longest message: version, kind, header, and a result's four tensors.
    package static let frames = 7
    /// The largest step, index, attempt or token counter; sums of these cannot overflow.
    package static let counter = 1 << 40
}
