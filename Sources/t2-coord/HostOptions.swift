import ArgumentParser
import Logging
import T2CommandLine
import T2Core

/// Where a coordinator listens, and which workers it starts itself.
struct HostOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where to listen; port 0 takes a free one.", valueName: "endpoint"))
    var bind = BundledExample.endpoint

    @Option(help: ArgumentHelp("Start this many workers on this machine, and end them with the run.", valueName: "n"))
    var localWorkers = 0

    @OptionGroup var verification: VerifierOptions

    @Flag(help: "Log every unit.")
    var verbose = false

    func validate() throws {
        guard (0...1024).contains(localWorkers) else {
            throw ValidationError("--local-workers: expected 0 to 1024, found \(localWorkers).")
        }
        try verification.requireUse(localWorkers: localWorkers)
    }

    var logger: Logger {
        var logger = Logger(label: "t2-coord") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = verbose ? .debug : .info
        return logger
    }
}
