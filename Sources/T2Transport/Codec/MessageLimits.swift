/// What a message may hold at most. A claimed size is held against these before anything is allocated for it.
package struct MessageLimits: Sendable, Equatable {
    /// Bytes of any one frame: 64 Mi floats. libzmq closes the connection of a peer that sends more.
    package var frameBytes = 256 << 20
    /// Bytes of the JSON header; the completions' texts are in it.
    package var headerBytes = 32 << 20
    /// Completions of one result, or sequences of one lease.
    package var completions = 65_536
    /// Tokens of one result, those of all completions together; and tokens of its prompts.
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
    /// Steps, indices, attempts and token counters: far from where adding them up could overflow.
    package static let counter = 1 << 40
}
