import ArgumentParser
import Logging
import T2CommandLine
import T2Core
import T2Monitor
import T2Transport

/// The endpoint of a coordinator, and the number of its local workers.
struct HostOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Endpoint to listen on, such as tcp://0.0.0.0:5555 or tcp://[::]:5555; may be repeated. Port 0 takes a free port. "
                + "Other machines need invitations. (default: \(BundledExample.endpoint))", valueName: "endpoint"))
    var bind: [String] = []

    @OptionGroup var keys: KeyOptions

    @Option(help: ArgumentHelp("Number of workers to start on this machine; they end with the run.", valueName: "n"))
    var localWorkers = 0

    @Option(
        help: ArgumentHelp(
            "Address of the web page, metrics and commands: a port on loopback, host:port, or off. (default: a free port on loopback)",
            valueName: "address"))
    var monitor = MonitorAddress.standard

    @Option(
        help: ArgumentHelp(
            "Megabytes a second at most for workers that fetch the base model. (default: as fast as the network is)",
            valueName: "mb"))
    var modelRate: Double?

    @OptionGroup var verification: VerifierOptions

    @Flag(help: "Log every unit.")
    var verbose = false

    func validate() throws {
        guard (0...1024).contains(localWorkers) else {
            throw ValidationError("--local-workers is \(localWorkers), expected 0 to 1024.")
        }
        if let modelRate, !(modelRate > 0 && modelRate <= 1e6) {
            throw ValidationError(
                "--model-rate is \(modelRate), expected more than 0 and at most 1000000 megabytes a second.")
        }
        try verification.requireUse(localWorkers: localWorkers)
    }

    var endpoints: [String] { bind.isEmpty ? [BundledExample.endpoint] : bind }

    /// The keys that encrypt connections and decide who may join; nil if only this machine can connect and none were named.
    ///
    /// - Throws: `TransportError` if other machines could connect and there are no keys.
    func keyFolder() throws -> KeyFolder? {
        if keys.path != nil { return keys.folder }
        let open = try endpoints.first { try !Endpoint($0, isListening: true).isLoopback }
        guard let open else { return nil }
        guard keys.folder.exists else { throw TransportError.noKeys(open) }
        return keys.folder
    }

    /// - Throws: `TransportError` for an endpoint, `InputError` for the keys.
    func checkNetwork() throws {
        for endpoint in endpoints { _ = try Endpoint(endpoint, isListening: true) }
        if let folder = try keyFolder() { _ = try Admission(folder: folder) }
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
