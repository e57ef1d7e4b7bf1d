import ArgumentParser
import T2Tasks

/// The problems of an evaluation, and the file for its records.
package struct ProblemSelectionOptions: ParsableArguments {
    @Option(help: "Part of the data.")
    package var split = Split.test

    @Option(help: ArgumentHelp("Only the first n problems.", valueName: "n"))
    package var limit: Int?

    @Option(help: ArgumentHelp("Also write every answer and its outcome, as JSON Lines.", valueName: "file"))
    package var records: String?

    package init() {}

    package func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit), expected 1 or more.") }
    }

    /// - Throws: `SystemError` or `InputError` if the records could not be written.
    package func recordDestination() throws -> OutputDestination? {
        try records.map { try OutputDestination(checking: $0) }
    }
}
