import ArgumentParser
import T2Transport

/// The folder of a coordinator's keys.
struct KeyOptions: ParsableArguments {
    @Option(
        name: .customLong("keys"),
        help: ArgumentHelp(
            "Folder of the coordinator's key and of the workers' public keys. (default: ~/.config/t2/keys)",
            valueName: "dir"))
    var path: String?

    var folder: KeyFolder { path.map { KeyFolder(path: $0) } ?? .standard }
}
