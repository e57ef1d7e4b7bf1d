import ArgumentParser

/// Where a job on the cluster leaves its results, and who computes for it.
struct ClusterOptions: ParsableArguments {
    @Option(
        name: .customLong("run-dir"),
        help: ArgumentHelp(
            "Folder for everything the job leaves. (default: runs/<command>-<task>-<date>)", valueName: "dir"))
    var runFolder: String?

    @OptionGroup var host: HostOptions

    @Flag(help: "Go on with the job in --run-dir; all other options as at its start.")
    var resume = false

    @Flag(help: "Print one JSON object on standard output, and what happens on standard error.")
    var json = false

    func validate() throws {
        guard !resume || runFolder != nil else {
            throw ValidationError("--resume needs --run-dir: the folder of the job to go on with.")
        }
    }
}
