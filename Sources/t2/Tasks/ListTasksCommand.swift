import ArgumentParser
import T2CommandLine
import T2Tasks

/// Lists the tasks that t2 knows by name.
struct ListTasksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the bundled and the published tasks.",
        discussion: """
            The command needs no data. A folder with a task.yaml is a task too, named by its path.

            Examples:
              t2 tasks list
              t2 tasks list --json
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Row: Encodable {
        let name: String
        let version: Int
        let data: String
        let splits: [String]
        let needs_sandbox: Bool
        let summary: String
    }

    func run() throws {
        let rows = TaskRegistry.bundled.tasks.map { task in
            Row(
                name: task.name, version: task.version, data: task.origin == .bundled ? "bundled" : "published",
                splits: task.splits.map(\.rawValue), needs_sandbox: task.needsSandbox, summary: task.summary)
        }
        guard !json else { return try StandardOutput.write(JSONText.line(["tasks": rows])) }
        try StandardOutput.write(
            PlainText.columns(
                ["name", "data", "summary", "version"],
                rows.map { [$0.name, $0.data, $0.summary, String($0.version)] }, textColumns: 3))
    }
}
