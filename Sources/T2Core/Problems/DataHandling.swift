/// What to do about records that are malformed, truncated, repeated or mislabelled.
package enum BadRecordHandling: String, Sendable, Codable, CaseIterable {
    /// The first such record is an error.
    case fail
    /// Such records are skipped and counted.
    case skip
}

/// What to do about problems whose prompt and answer do not fit into the model's context.
package enum LongPromptHandling: String, Sendable, Codable, CaseIterable {
    /// The longest such problem is an error.
    case fail
    /// Such problems are skipped and counted.
    case skip
}
