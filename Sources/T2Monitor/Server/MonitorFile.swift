import Foundation
import T2Coordinator
import T2Core

/// `monitor.json` in a run folder while a coordinator serves it: how commands reach the coordinator. Only its owner can read it,
/// because whoever knows the token can stop the run.
package struct MonitorFile: Sendable, Equatable, Codable {
    /// `HOST:PORT`, as reached from this machine.
    package var address: String
    package var token: String

    package init(address: String, token: String) {
        self.address = address
        self.token = token
    }

    package var url: String { "http://\(address)/" }

    static func path(in folder: String) -> String { folder + "/monitor.json" }

    func write(in folder: String) throws {
        let path = Self.path(in: folder)
        // A name of its own, so that the file never exists with other permissions.
        let temporary = "\(path).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SystemError("create", temporary) }
        defer { close(descriptor) }
        let text = Array((try CanonicalJSON.text(self) + "\n").utf8)
        try text.withUnsafeBytes { try $0.write(to: descriptor, path: temporary) }
        guard rename(temporary, path) == 0 else { throw SystemError("rename to its final name", path) }
    }

    /// Removes the file if it is this monitor's own.
    func remove(from folder: String) {
        guard let data = FileManager.default.contents(atPath: Self.path(in: folder)),
            (try? JSONDecoder().decode(MonitorFile.self, from: data)) == self
        else { return }
        unlink(Self.path(in: folder))
    }

    /// Reads the file of a run folder that a coordinator uses.
    ///
    /// - Throws: `InputError` if the folder holds no run, if no coordinator uses it, or if that one has no monitor.
    package static func read(in folder: String) throws -> MonitorFile {
        try RunFolder.requireRun(folder)
        guard try RunFolder.isInUse(folder) else {
            throw InputError(
                folder, "no coordinator runs this job now",
                remedy: "Continue it with --resume, or give another --run-dir.",
                exitStatus: .unavailable)
        }
        let path = path(in: folder)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw SystemError("open", path) }
            throw InputError(
                folder, "its coordinator runs without a monitor, or is just starting or ending",
                remedy: "Try again, or start it without --monitor off.", exitStatus: .tryAgain)
        }
        let data = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).readData(ofLength: 4096)
        do {
            return try JSONDecoder().decode(MonitorFile.self, from: data)
        } catch {
            throw InputError(
                path, "is not a monitor's file", remedy: "Stop the coordinator by SIGTERM and resume the run.")
        }
    }

    /// The only folder in `runs` that a coordinator uses.
    ///
    /// - Throws: `InputError` if there is none, or if there are several.
    package static func onlyLiveFolder(in runs: String = "runs") throws -> String {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: runs)) ?? []).sorted()
        let live = names.map { "\(runs)/\($0)" }.filter { (try? RunFolder.isInUse($0)) == true }
        // One coordinator may train several runs.
        let coordinators = Dictionary(grouping: live) { (try? read(in: $0)) ?? MonitorFile(address: $0, token: "") }
        guard let folder = live.first else {
            throw InputError(
                "--run-dir", "no run in \(runs)/ has a coordinator now", remedy: "Give the folder of the run.",
                exitStatus: .unavailable)
        }
        guard coordinators.count == 1 else {
            throw InputError(
                "--run-dir", "several coordinators run: \(live.joined(separator: ", "))", remedy: "Give one of them.",
                exitStatus: .usage)
        }
        return folder
    }
}

extension MonitorFile: Hashable {}

extension RunFolder {
    /// Whether a coordinator holds the folder's lock now.
    package static func isInUse(_ path: String) throws -> Bool {
        do {
            _ = try RunFolder(inspecting: path)
            return false
        } catch let error as InputError where error.exitStatus == .tryAgain {
            return true
        }
    }
}
