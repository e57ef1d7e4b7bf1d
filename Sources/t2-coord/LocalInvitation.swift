import Foundation
import T2Core
import T2Formats
import T2Transport

/// The key of the workers on the coordinator's machine: it is made at each start, and valid while the coordinator runs.
struct LocalInvitation: Sendable {
    let admission: Admission
    private let keys: CurveKeyPair
    private let folder: String

    /// - Throws: `InputError` if the folder has no keys or cannot be read.
    init(_ keyFolder: KeyFolder) throws {
        keys = try CurveKeyPair.random()
        admission = try Admission(
            folder: keyFolder, local: WorkerKey(name: WorkerKey.localName, key: keys.publicKey, invited: Date()))
        folder = NSTemporaryDirectory() + "/t2-local-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    }

    /// Writes the invitation for the local workers.
    ///
    /// - Returns: its path.
    func write(for endpoint: String) throws -> String {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let reachable = endpoint.replacingOccurrences(of: "//0.0.0.0:", with: "//127.0.0.1:")
            .replacingOccurrences(of: "//[::]:", with: "//[::1]:")
        let invitation = Invitation(
            name: WorkerKey.localName, endpoints: [reachable], serverKey: admission.server.publicKey, keys: keys)
        let path = folder + "/local.invite"
        try AtomicFile.write(invitation.text, to: path, mode: 0o600)
        return path
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }
}
