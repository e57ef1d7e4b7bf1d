import ArgumentParser
import Foundation
import T2CommandLine
import T2Monitor

/// Lets a worker finish and leave.
struct DrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Lets a worker finish its leases and leave; it gets no new ones.",
        discussion: """
            Nothing that the worker has computed is lost, and its process ends with status 0. A worker that is started again \
            may join again.

            Example:
              t2-coord drain node7
            """)

    @Argument(help: "The name of the worker, as t2-coord status shows it.")
    var worker: String

    @OptionGroup var live: LiveRunOptions

    func run() throws {
        let name = worker.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        try ControlReply.say(try live.client().act("drain", query: "?worker=\(name)"))
    }
}

/// Grants no further leases.
struct PauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Grants no leases to any worker until t2-coord resume; current ones finish.",
        discussion: "It stays paused when the coordinator is started anew, unless with --monitor off.")

    @OptionGroup var live: LiveRunOptions

    func run() throws { try ControlReply.say(try live.client().act("pause")) }
}

/// Grants leases again.
struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Grants leases again after t2-coord pause.",
        discussion: "To continue a run whose coordinator has ended, use t2-coord start --resume --run-dir DIR.")

    @OptionGroup var live: LiveRunOptions

    func run() throws { try ControlReply.say(try live.client().act("resume")) }
}

/// Asks a coordinator to stop.
struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stops a running coordinator as SIGTERM does; --resume continues its run.")

    @OptionGroup var live: LiveRunOptions

    func run() throws { try ControlReply.say(try live.client().act("stop")) }
}

private enum ControlReply {
    static func say(_ report: ActionReport) throws { try StandardOutput.write(report.message + "\n") }
}
