import ArgumentParser
import T2CommandLine
import T2Core

/// Where a job on the cluster leaves its results, and who computes for it.
struct ClusterOptions: ParsableArguments {
    @Option(
        name: .customLong("run-dir"),
        help: ArgumentHelp(
            "Folder for everything the job leaves. (default: runs/<command>-<task>-<date>)", valueName: "dir"))
    var runFolder: String?

    @Option(help: ArgumentHelp("Where to listen; port 0 takes a free one.", valueName: "endpoint"))
    var bind = BundledExample.endpoint

    @Option(help: ArgumentHelp("Start this many workers on this machine, and end them with the job.", valueName: "n"))
    var localWorkers = 0

    @OptionGroup var verification: VerifierOptions

    @Flag(help: "Go on with the job in --run-dir; all other options as at its start.")
    var resume = false

    @Flag(help: "Print one JSON object on standard output, and what happens on standard error.")
    var json = false

    @Flag(help: "Log every unit.")
    var verbose = false

    func validate() throws {
        guard (0...1024).contains(localWorkers) else {
            throw ValidationError("--local-workers: expected 0 to 1024, found \(localWorkers).")
        }
        try verification.requireUse(localWorkers: localWorkers)
        guard !resume || runFolder != nil else {
            throw ValidationError("--resume needs --run-dir: the folder of the job to go on with.")
        }
    }
}
