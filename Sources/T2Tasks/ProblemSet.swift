import T2Core

/// A record that was left out.
package struct BadRecord: Sendable, Equatable {
    /// File and line; in a JSON array, file and index from 0.
    package let place: String
    package let problem: String

    package var description: String { "\(place): \(problem)" }
}

/// The problems of a split and what was left out of the files that they come from.
package struct ProblemSet: Sendable, Equatable {
    /// In the file's order; never empty.
    package let problems: [Problem]
    /// Of the whole file, whichever split they would have been in.
    package let skipped: [BadRecord]
}
