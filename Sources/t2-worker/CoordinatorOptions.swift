import ArgumentParser
import Foundation
import T2Core
import T2Transport

/// The coordinator to work for, and the base model to work with.
struct CoordinatorOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Endpoint of a coordinator on this machine, or the file of an invitation.", valueName: "endpoint-or-file"))
    var endpoint: String?

    @Option(
        name: .customLong("model"),
        help: ArgumentHelp(
            "Base model: a Hugging Face folder. (default: the coordinator's, which is fetched unless it is here)",
            valueName: "dir"))
    var model: String?

    /// Opens a connection to the coordinator.
    ///
    /// - Throws: `TransportError` or `InputError` about the endpoint, the invitation or the name.
    func connect(_ invitation: Invitation?, as worker: WorkerIdentifier) throws -> ZeroMQWorkerTransport {
        if let invitation { return try .connect(with: invitation, as: worker) }
        return try .connect(to: endpoint ?? BundledExample.endpoint, as: worker)
    }

    /// The invitation, if the argument names a file.
    ///
    /// - Throws: `InputError` if it is malformed or has expired; `SystemError` if it cannot be read.
    func invitation() throws -> Invitation? {
        guard let path = endpoint, !path.contains("://") else { return nil }
        let invitation = try Invitation(path: path)
        if let expires = invitation.expires, expires <= Date() {
            throw InputError(
                path, "the invitation expired on \(expires.formatted(.iso8601))", remedy: "Ask for a new one.",
                exitStatus: .configuration)
        }
        return invitation
    }
}
