import ArgumentParser
import T2Core
import T2Tasks

/// Which problems an evaluation takes, and where its records go.
package struct ProblemSelectionOptions: ParsableArguments {
    @Option(help: "Which problems.")
    package var split = Split.test

    @Option(help: ArgumentHelp("Only the first n problems.", valueName: "n"))
    package var limit: Int?

    @Option(
        name: .customLong("records"),
        help: ArgumentHelp("Also write every answer and its outcome, as JSON Lines.", valueName: "file"))
    package var recordPath: String?

    package init() {}

    package func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit), expected 1 or more.") }
    }

    /// - Throws: `SystemError` if the records could not be written.
    package func recordDestination() throws -> OutputDestination? {
        try recordPath.map { try OutputDestination(checking: $0) }
    }
}
