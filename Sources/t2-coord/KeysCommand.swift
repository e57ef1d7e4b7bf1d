import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Transport

/// Shows and revokes the keys of workers.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Shows and revokes the keys of invited workers.",
        subcommands: [ListKeysCommand.self, RevokeKeyCommand.self])
}

/// Lists the keys of workers.
struct ListKeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the invited workers and whether their keys are valid.")

    @OptionGroup var keys: KeyOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Row: Encodable {
        let name: String
        let public_key: String
        let invited: String
        let expires: String?
        let refused: String?
    }

    func run() throws {
        let rows = try keys.folder.workers().map { worker in
            Row(
                name: worker.name, public_key: worker.key.description, invited: worker.invited.formatted(.iso8601),
                expires: worker.expires?.formatted(.iso8601), refused: worker.refusal())
        }
        guard !json else { return try StandardOutput.write(JSONText.line(["keys": rows])) }
        let cells = rows.map { [$0.name, $0.invited, $0.expires ?? "never", $0.refused ?? "valid", $0.public_key] }
        try StandardOutput.write(
            PlainText.columns(["name", "invited", "expires", "state", "public key"], cells, textColumns: 5))
    }
}

/// Revokes a worker's key.
struct RevokeKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Makes a worker's key invalid; a running coordinator ends its connections within seconds.")

    @Argument(help: "Name of the worker.")
    var name: String

    @OptionGroup var keys: KeyOptions

    func run() throws { try keys.folder.revoke(name) }
}
