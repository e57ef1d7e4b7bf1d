import Foundation
import T2Core
import T2Formats

/// The folder of a coordinator's keys: `server.json`, its key pair, and `workers.json`, the public keys of the workers that
/// it admits. The files are readable by their owner alone, and a running coordinator notices their changes.
package struct KeyFolder: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    /// `t2/keys` in the user's folder of configuration.
    package static var standard: KeyFolder {
        let environment = ProcessInfo.processInfo.environment
        let configuration =
            environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? (environment["HOME"] ?? NSHomeDirectory()) + "/.config"
        return KeyFolder(path: configuration + "/t2/keys")
    }

    private var serverPath: String { path + "/server.json" }
    private var workersPath: String { path + "/workers.json" }

    /// Whether a worker was invited from this folder.
    package var exists: Bool { FileManager.default.fileExists(atPath: serverPath) }

    /// The coordinator's key pair.
    ///
    /// - Throws: `InputError` if there is none or the file is damaged.
    package func serverKeys() throws -> CurveKeyPair {
        guard let keys: CurveKeyPair = try read(serverPath) else {
            throw InputError(
                path, "holds no keys of a coordinator",
                remedy: "Make them with the first invitation: t2-coord invite NAME --keys \(path) > NAME.invite",
                exitStatus: .noInput)
        }
        return keys
    }

    /// All invited workers in the order of their invitations; empty if there is no list.
    ///
    /// - Throws: `InputError` if the file is damaged.
    package func workers() throws -> [WorkerKey] { try read(workersPath) ?? [] }

    /// A value that differs after each change of the list.
    package var version: [Int] {
        var status = stat()
        guard stat(workersPath, &status) == 0 else { return [] }
        return [Int(status.st_ino), status.st_mtim.tv_sec, status.st_mtim.tv_nsec, Int(status.st_size)]
    }

    /// Makes a key pair for a worker and adds its public key to the list.
    ///
    /// - Returns: the worker's keys and the coordinator's public key.
    /// - Throws: `InputError` if the name is taken or malformed.
    package func invite(_ name: String, expires: Date?) throws -> (worker: CurveKeyPair, server: CurveKey) {
        guard name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._\-]{0,63}/) != nil,
            name != WorkerKey.localName, !name.hasPrefix(WorkerKey.localName + "-")
        else {
            throw InputError(
                "worker name '\(printable(name))'",
                "expected up to 64 letters, digits, dots, dashes and underscores, and not local or local-…",
                remedy: "Choose another name.", exitStatus: .usage)
        }
        return try change { list in
            if list.contains(where: { $0.name == name && $0.refusal() == nil }) {
                throw InputError(
                    "worker '\(name)'", "has a valid key already",
                    remedy: "Choose another name, or make the old key invalid: t2-coord keys revoke \(name)",
                    exitStatus: .usage)
            }
            if !exists { try write(CurveKeyPair.random(), to: serverPath) }
            let server = try serverKeys().publicKey
            let keys = try CurveKeyPair.random()
            list.append(WorkerKey(name: name, key: keys.publicKey, invited: Date(), expires: expires))
            return (keys, server)
        }
    }

    /// Makes the keys of a name invalid.
    ///
    /// - Throws: `InputError` if the name has no key that is not revoked yet.
    package func revoke(_ name: String) throws {
        try change { list in
            let indices = list.indices.filter { list[$0].name == name && list[$0].revoked == nil }
            guard !indices.isEmpty else {
                throw InputError(
                    "worker '\(printable(name))'", "has no key in \(path) that could be revoked",
                    remedy: "t2-coord keys list shows the keys.", exitStatus: .usage)
            }
            for index in indices { list[index].revoked = Date() }
        }
    }

    /// Changes the list while no other process does.
    private func change<Result>(_ body: (inout [WorkerKey]) throws -> Result) throws -> Result {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let lockPath = path + "/.lock"
        let lock = OpenFiles.open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw SystemError("open", lockPath) }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 {
            guard errno == EINTR else { throw SystemError("lock", lockPath) }
        }
        var list = try workers()
        let result = try body(&list)
        try write(list, to: workersPath)
        return result
    }

    private func read<Value: Decodable>(_ file: String) throws -> Value? {
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let content = try MappedFile(path: file).data
        do {
            return try decoder.decode(Value.self, from: content, depth: 8)
        } catch {
            throw InputError(
                file, "cannot be read: \(decodingProblem(error, in: content))",
                remedy: "Restore it from a copy, or remove the folder and invite the workers again.")
        }
    }

    private func write(_ value: some Encodable, to file: String) throws {
        let encoder = JSONEncoder.sorted(isIndented: true)
        encoder.dateEncodingStrategy = .iso8601
        try AtomicFile.write(encoder.encode(value), to: file, mode: 0o600)
    }
}
