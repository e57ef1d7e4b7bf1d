/// Kinds of failure: they travel in ERROR messages, are kept in the journal, and decide what the coordinator does.
package enum FailureCategory: String, Sendable, Codable, CaseIterable {
    // Found by the worker that computes a unit.
    case cancelled
    /// The lease asks for what no sampling or gradient can give.
    case unsuitableLease = "unsuitable-lease"
    case promptTooLong = "prompt-too-long"
    case missingReward = "missing-reward"
    /// A NaN or an infinity. The run stops: such numbers are never averaged, nor computed again in the hope of better ones.
    case nonFinite = "non-finite"
    /// Any other failure while a unit was computed.
    case engine

    // Found by the coordinator.
    /// The result does not answer its lease: other problems, wrong shapes or ranges.
    case malformedResult = "malformed-result"
    /// The lease ended without progress.
    case expired
    /// The worker went away without a word.
    case vanished

    // Found in the conversation itself.
    case malformedMessage = "malformed-message"
    case unexpectedMessage = "unexpected-message"
    /// The coordinator does not know the worker (any more): HELLO is to be said again.
    case unknownWorker = "unknown-worker"
    /// The coordinator has no such policy (any more).
    case unknownPolicy = "unknown-policy"
}
