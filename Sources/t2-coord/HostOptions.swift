import ArgumentParser
import Logging
import T2CommandLine
import T2Core
import T2Monitor

/// The endpoint of a coordinator, and the number of its local workers.
struct HostOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Endpoint to listen on; port 0 takes a free port.", valueName: "endpoint"))
    var bind = BundledExample.endpoint

    @Option(help: ArgumentHelp("Number of workers to start on this machine; they end with the run.", valueName: "n"))
    var localWorkers = 0

    @Option(
        help: ArgumentHelp(
            "Address of the web page, metrics and commands: a port on loopback, host:port, or off. (default: a free port on loopback)",
            valueName: "address"))
    var monitor = MonitorAddress.standard

    @OptionGroup var verification: VerifierOptions

    @Flag(help: "Log every unit.")
    var verbose = false

    func validate() throws {
        guard (0...1024).contains(localWorkers) else {
            throw ValidationError("--local-workers is \(localWorkers), expected 0 to 1024.")
        }
        try verification.requireUse(localWorkers: localWorkers)
    }

    var logger: Logger {
        var logger = Logger(label: "t2-coord") { LineLogHandler(label: $0) }
        logger.logLevel = verbose ? .debug : .info
        return logger
    }
}

extension MonitorAddress: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
    public var defaultValueDescription: String { "" }
}
