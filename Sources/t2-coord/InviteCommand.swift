import ArgumentParser
import Foundation
import T2CommandLine
import T2Core
import T2Formats
import T2Transport

/// Makes an invitation for a worker.
struct InviteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invite",
        abstract: "Makes an invitation, with which a worker joins from another machine.",
        discussion: """
            The invitation is one text file with the coordinator's endpoint and public key, the worker's name and its own key \
            pair. It is as secret as a password. A running coordinator takes the worker at once. The first invitation makes the \
            coordinator's own key too.

            Examples:
              t2-coord invite node7 > node7.invite
              t2-coord invite node7 --endpoint tcp://head.cluster:5555 --expires 30 --output node7.invite
              t2-coord start --bind tcp://0.0.0.0:5555       # on this machine
              t2-worker join node7.invite                    # on the other one, with the file
            """)

    @Argument(help: "Name of the worker: letters, digits, dots, dashes and underscores.")
    var name: String

    @Option(
        name: .customLong("endpoint"),
        help: ArgumentHelp(
            "Where the worker reaches the coordinator; may be repeated, the worker tries them in turn. (default: this host's "
                + "name and port 5555)", valueName: "endpoint"))
    var endpoints: [String] = []

    @Option(help: ArgumentHelp("Days after which the invitation is refused. (default: never)", valueName: "days"))
    var expires: Double?

    @Option(help: ArgumentHelp("File to write, readable by you alone. (default: standard output)", valueName: "file"))
    var output: String?

    @OptionGroup var keys: KeyOptions

    func validate() throws {
        if let expires, !(expires > 0 && expires <= 36_500) {
            throw ValidationError("--expires is \(expires), expected more than 0 and at most 36500 days.")
        }
    }

    func run() throws {
        let host = ProcessInfo.processInfo.hostName
        let endpoints = endpoints.isEmpty ? ["tcp://\(host.isEmpty ? "localhost" : host):5555"] : endpoints
        for endpoint in endpoints { _ = try Endpoint(endpoint, isListening: false) }
        let destination = try output.map { try OutputDestination(checking: $0) }
        // Whole seconds, as the file has them.
        let date = expires.map { Date(timeIntervalSince1970: (Date().timeIntervalSince1970 + 86_400 * $0).rounded()) }
        let (worker, server) = try keys.folder.invite(name, expires: date)
        let invitation = Invitation(
            name: name, endpoints: endpoints, serverKey: server, keys: worker, expires: date)
        guard let destination else { return try StandardOutput.write(invitation.text) }
        try AtomicFile.write(invitation.text, to: destination.path, mode: 0o600)
    }
}
