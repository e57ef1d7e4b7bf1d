import CZeroMQ
import Foundation
import T2Core

/// Decides which connections a coordinator takes: those with a valid key of its list.
///
/// libzmq asks it during each handshake through the ZAP protocol (RFC 27), over a socket inside of the process. It belongs
/// to the I/O thread.
struct Authenticator: ~Copyable {
    /// The reason for which a client without a key is refused.
    static let notEncrypted = "not encrypted: only workers with an invitation may connect"

    let socket: ZeroMQSocket
    private let folder: KeyFolder?
    private let local: WorkerKey?
    private var workers: [CurveKey: WorkerKey]
    private var version: [Int]
    private var problem: String?

    /// - Throws: `InputError` if the list cannot be read; `TransportError`.
    init(_ admission: Admission, _ context: borrowing ZeroMQContext) throws {
        let version = admission.folder?.version ?? []
        let keys = try admission.folder?.workers() ?? []
        let socket = try ZeroMQSocket.inProcess(context, ZMQ_REP, at: "inproc://zeromq.zap.01", isBound: true)
        folder = admission.folder
        local = admission.local
        self.version = version
        workers = Self.byKey(keys, admission.local)
        self.socket = consume socket
    }

    private static func byKey(_ keys: [WorkerKey], _ local: WorkerKey?) -> [CurveKey: WorkerKey] {
        Dictionary((keys + [local].compactMap(\.self)).map { ($0.key, $0) }) { $1 }
    }

    /// The name that a key was given.
    func name(of user: String) -> String? { CurveKey(user).flatMap { workers[$0]?.name } }

    /// Why a user may not connect (any more); nil if it may.
    func refusal(of user: String) -> String? {
        guard let key = CurveKey(user), let worker = workers[key] else { return "unknown key \(user)" }
        return worker.refusal().map { "worker '\(worker.name)': \($0)" }
    }

    /// Reads the list again if its file changed. The old one stays in force if it cannot be read.
    mutating func refresh() {
        guard let folder, folder.version != version else { return }
        version = folder.version
        do {
            workers = Self.byKey(try folder.workers(), local)
        } catch {
            problem = "the list of keys was not read again: \(error)"
        }
    }

    /// What was wrong with the list at its last change; said once.
    mutating func takeProblem() -> String? {
        defer { problem = nil }
        return problem
    }

    /// Answers the next request of a handshake.
    ///
    /// - Returns: nil if there was none; otherwise the reason of a refusal, or an empty text.
    /// - Source: RFC 27. A request has the frames version, request id, domain, address, identity, mechanism and credentials.
    mutating func answer() -> String? {
        guard let request = socket.receive(limit: 7)?.frames else { return nil }
        // The worker may have been invited a moment ago.
        refresh()
        let address = request.count > 3 ? printable(String(decoding: request[3], as: UTF8.self)) : ""
        var (user, refusal) = ("", Self.notEncrypted)
        if request.count == 7, request[5] == Data("CURVE".utf8), let key = CurveKey(bytes: request[6]) {
            user = key.description
            refusal = self.refusal(of: user) ?? ""
        }
        let isAdmitted = refusal.isEmpty
        let status = isAdmitted ? ["200", "OK", user, ""] : ["400", "refused", "", ""]
        socket.send(parts: [Data("1.0".utf8), request.count > 1 ? request[1] : Data()] + status.map { Data($0.utf8) })
        return isAdmitted ? "" : "\(address): \(refusal)"
    }
}

/// The keys of a coordinator, and the workers that it admits.
package struct Admission: Sendable {
    package let server: CurveKeyPair
    let folder: KeyFolder?
    /// The key of workers on the coordinator's machine, which is valid while the coordinator runs.
    package let local: WorkerKey?

    /// - Throws: `InputError` if the folder has no keys or cannot be read.
    package init(folder: KeyFolder, local: WorkerKey? = nil) throws {
        server = try folder.serverKeys()
        _ = try folder.workers()
        self.folder = folder
        self.local = local
    }
}
