/// What to do about records that are malformed, truncated, repeated or mislabelled.
package enum BadRecordPolicy: String, Sendable, Codable, CaseIterable {
    /// The first one is an error.
    case fail
    /// They are left out and counted.
    case skip
}

/// What to do about problems whose prompt and answer do not fit into the model's context.
package enum LongPromptPolicy: String, Sendable, Codable, CaseIterable {
    /// The longest one is an error.
    case fail
    /// They are left out and counted.
    case skip
}
