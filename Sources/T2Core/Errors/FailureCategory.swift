/// Kinds of failure. ERROR messages carry them, the journal records them, and the coordinator reacts by kind.
package enum FailureCategory: String, Sendable, Codable, CaseIterable {
    // Reported by the worker that computes a unit.
    case cancelled
    /// The lease requests sampling or a gradient that cannot be computed.
    case unsuitableLease = "unsuitable-lease"
    case promptTooLong = "prompt-too-long"
    case missingReward = "missing-reward"
    /// A NaN or an infinity. The run stops: such numbers are neither averaged nor computed again.
    case nonFinite = "non-finite"
    /// Any other failure during the computation of a unit.
    case engine

    // Detected by the coordinator.
    /// The result does not match its lease: it has other problems, or wrong shapes or ranges.
    case malformedResult = "malformed-result"
    /// The lease expired without progress.
    case expired
    /// The worker fell silent or restarted without a BYE.
    case vanished

    // Violations of the protocol.
    case malformedMessage = "malformed-message"
    case unexpectedMessage = "unexpected-message"
    /// The worker is not registered, or no longer, and must send HELLO again.
    case unknownWorker = "unknown-worker"
    /// The coordinator does not hold the policy, or no longer does.
    case unknownPolicy = "unknown-policy"
}
