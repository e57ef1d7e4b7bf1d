import ArgumentParser

/// Where the results of one job go.
package struct JobResultOptions<Host: JobHostOptions>: ParsableArguments, Sendable {
    @Option(name: .customLong("run-dir"), help: ArgumentHelp(Host.runFolderHelp, valueName: "dir"))
    package var runFolder: String?

    @Flag(help: "Resume the job in --run-dir; give all other options as at its start.")
    package var resume = false

    @Flag(help: ArgumentHelp(Host.jsonHelp))
    package var json = false

    package init() {}

    package func validate() throws {
        guard !resume || runFolder != nil else {
            throw ValidationError("--resume needs --run-dir: the folder of the job to resume.")
        }
    }

    /// The folder that keeps the results, as the command line names it.
    var results: ServeRequest.Results { ServeRequest.Results(folder: runFolder, isResumed: resume, json: json) }
}
