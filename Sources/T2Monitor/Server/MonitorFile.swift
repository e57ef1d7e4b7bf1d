import Foundation
import T2Coordinator
import T2Core

/// `monitor.json` in a run folder while a coordinator serves it: how commands reach the coordinator. Only its owner can read it,
/// because every process that knows the token can stop the run.
package struct MonitorFile: Sendable, Hashable, Codable {
    /// `HOST:PORT`, as reached from this machine.
    package var address: String
    package var token: String
    /// The coordinator's process on this machine.
    package var process = getpid()

    package var url: String { "http://\(address)/" }

    static func path(in folder: String) -> String { folder + "/monitor.json" }

    func write(in folder: String) throws {
        let path = Self.path(in: folder)
        // A name of its own, so that the file never exists with other permissions.
        let temporary = "\(path).new"
        unlink(temporary)
        let descriptor = OpenFiles.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
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

    /// Whether the process that wrote the file still runs. One that was killed leaves its file behind.
    private var isLive: Bool { kill(process, 0) == 0 || errno == EPERM }

    /// Reads the file of a run folder whose coordinator runs, or of the first such folder in a folder of several runs.
    ///
    /// - Throws: `InputError` if the folder holds no run, or if no coordinator with a monitor serves it.
    package static func read(in folder: String) throws -> MonitorFile {
        if !RunFolder.holdsRun(folder), let run = try only(liveFolders(in: folder)) { return run.file }
        try RunFolder.requireRun(folder)
        let path = path(in: folder)
        let descriptor = OpenFiles.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 || errno == ENOENT else { throw SystemError("open", path) }
        let data =
            descriptor < 0
            ? Data() : FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).readData(ofLength: 4096)
        guard let file = try? JSONDecoder().decode(MonitorFile.self, from: data), file.isLive else {
            throw InputError(
                folder, "no coordinator runs this job now on this machine, or only one with --monitor off",
                remedy: "Continue the job with --resume, or give another --run-dir.", exitStatus: .unavailable)
        }
        return file
    }

    /// The run folders in a folder whose coordinators run, in the order of their names.
    private static func liveFolders(in folder: String) -> [(path: String, file: MonitorFile)] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        return names.map { "\(folder)/\($0)" }.filter(RunFolder.holdsRun)
            .compactMap { path in (try? read(in: path)).map { (path, $0) } }
    }

    /// The only folder in `runs` whose coordinator runs, which may be a folder of several runs.
    ///
    /// - Throws: `InputError` if there is none, or if there are several.
    package static func onlyLiveFolder(in runs: String = "runs") throws -> String {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: runs)) ?? []).sorted()
        let live = liveFolders(in: runs) + names.flatMap { liveFolders(in: "\(runs)/\($0)") }
        guard let run = try only(live) else {
            throw InputError(
                "--run-dir", "no run in \(runs)/ has a coordinator now", remedy: "Give the folder of the run.",
                exitStatus: .unavailable)
        }
        return run.path
    }

    /// The first of these folders, all of which one coordinator serves; nil if there are none.
    ///
    /// - Throws: `InputError` if there are several coordinators.
    private static func only(_ live: [(path: String, file: MonitorFile)]) throws -> (path: String, file: MonitorFile)? {
        guard Set(live.map(\.file)).count <= 1 else {
            throw InputError(
                "--run-dir", "several coordinators run: \(live.map(\.path).joined(separator: ", "))",
                remedy: "Give one of these folders.", exitStatus: .usage)
        }
        return live.first
    }
}
