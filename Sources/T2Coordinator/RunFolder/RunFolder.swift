import Foundation
import T2Core
import T2Formats

/// A run folder, the paths in it, and the lock that keeps it for one coordinator at a time.
package struct RunFolder: Sendable {
    package let path: String
    private let lock: RunLock?

    package var databasePath: String { Self.databasePath(in: path) }
    package var metricsPath: String { path + "/metrics.jsonl" }
    package var logPath: String { path + "/train.log" }
    package var configurationPath: String { Self.configurationPath(in: path) }
    package var checkpointsPath: String { path + "/checkpoints" }

    package static func databasePath(in folder: String) -> String { folder + "/run.sqlite" }
    package static func configurationPath(in folder: String) -> String { folder + "/configuration.yaml" }

    /// An expert file, or LoRA's PEFT folder.
    package func bestExpertPath(_ adapter: AdapterKind) -> String { path + "/expert-best" + Self.suffix(adapter) }
    package func lastExpertPath(_ adapter: AdapterKind) -> String { path + "/expert-last" + Self.suffix(adapter) }

    private static func suffix(_ adapter: AdapterKind) -> String { adapter == .lora ? "" : ".safetensors" }

    /// Creates the folder, or opens an existing one.
    ///
    /// - Throws: `InputError` if it holds a run and `resume` is false, if it holds none and `resume` is true, or if another
    ///   coordinator uses it; `SystemError` if it cannot be written.
    package init(path: String, resume: Bool) throws {
        self.path = path
        try Self.check(path: path, resume: resume)
        try Self.makeFolder(path)
        lock = try RunLock(path: path + "/.lock")
        try Self.makeFolder(checkpointsPath)
        for folder in [path, checkpointsPath] { AtomicFile.removeAbandoned(in: folder) }
    }

    /// Opens a run folder for reading.
    ///
    /// - Throws: `InputError` if it holds no run, or if a coordinator uses it.
    package init(inspecting path: String) throws {
        self.path = path
        try Self.check(path: path, resume: true)
        lock = try RunLock(inspecting: path + "/.lock")
    }

    /// The run's name in messages and in the database.
    package static func name(path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }

    /// Refuses to write if the path leads to another folder than the one that was opened, because the folder was moved,
    /// replaced or deleted. To be called before each durable write.
    ///
    /// - Throws: `InputError` that names both locations.
    package func requireInPlace() throws {
        guard let lock, !lock.isAt(path + "/.lock") else { return }
        guard let location = lock.currentPath.map(parentFolder) else {
            throw InputError(
                path, "the run's folder was deleted while the run was under way, and nothing more is written",
                remedy: "Start the run again, in a --run-dir that stays.", exitStatus: .inputOutput)
        }
        throw InputError(
            path, "the run's folder was moved to \(location) while the run was under way, and nothing more is written",
            remedy: "Continue with --resume and --run-dir \(RunSummary.quoted(location)).", exitStatus: .inputOutput)
    }

    /// The largest length in bytes of a run folder's path, which leaves room for the names of its files.
    private static let longestPath = 3_500

    /// Refuses a path that no folder can have, or that is not the one that the user meant.
    ///
    /// - Throws: `InputError`.
    private static func requireUsable(_ path: String) throws {
        let longestName = path.utf8.split(separator: UInt8(ascii: "/")).map(\.count).max() ?? 0
        let problem: String? =
            if path.unicodeScalars.contains("\u{FFFD}") {
                "holds bytes that are not UTF-8"
            } else if path.isEmpty {
                "is empty"
            } else if longestName > NAME_MAX {
                "holds a name of \(longestName) bytes, expected at most \(NAME_MAX)"
            } else if path.utf8.count > longestPath {
                "has \(path.utf8.count) bytes, expected at most \(longestPath)"
            } else { nil }
        guard let problem else { return }
        let shown = path.count > 80 ? "\(path.prefix(80))…" : path
        throw InputError(
            "--run-dir '\(shown)'", problem, remedy: "Choose another --run-dir.", exitStatus: .cannotCreate)
    }

    /// Makes the checks of `init` without creating anything.
    package static func check(path: String, resume: Bool) throws {
        try requireUsable(path)
        guard holdsRun(path) || CheckpointShelf(folder: path + "/checkpoints").steps().isEmpty else {
            throw InputError(
                path, "holds checkpoints but no run.sqlite, the record of their run",
                remedy:
                    "Copy run.sqlite to it, and run.sqlite-wal if there is one, and continue with --resume; or choose "
                    + "another --run-dir.")
        }
        if resume {
            try requireRun(path, remedy: "Leave out --resume to start one there.")
        } else if holdsRun(path) {
            throw InputError(
                path, "holds a run already", remedy: "Continue it with --resume, or choose another --run-dir.",
                exitStatus: .cannotCreate)
        }
    }

    /// - Throws: `InputError` if the folder holds no run.
    package static func requireRun(_ path: String, remedy: String = "Give the folder that t2-coord was given.") throws {
        guard !holdsRun(path) else { return }
        throw InputError(path, "holds no run", remedy: remedy, exitStatus: .noInput)
    }

    /// Releases the folder for another coordinator.
    package func release() { lock?.release() }

    /// Whether the folder holds a run.
    package static func holdsRun(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: databasePath(in: path))
    }

    /// Refuses a path where a run folder cannot be created, and leaves nothing behind.
    ///
    /// It makes a test folder in the nearest existing one: permissions do not reveal a read-only disk and mean nothing
    /// for root.
    /// - Throws: `SystemError`, or `InputError` if the file system allows no new folders.
    package static func checkWritable(_ path: String) throws {
        var folder = path
        while !FileManager.default.fileExists(atPath: folder) { folder = parentFolder(of: folder) }
        let probe = "\(folder)/.t2-\(UUID().uuidString)"
        guard mkdir(probe, 0o700) == 0 else {
            let failure = SystemError("create the run folder", path)
            guard failure.exitStatus == .noInput else { throw failure }
            throw InputError(
                path, "the run folder cannot be created, because \(folder) allows no new folders",
                remedy: "Choose another --run-dir.", exitStatus: .cannotCreate)
        }
        rmdir(probe)
    }

    /// Creates a folder and its parent folders.
    ///
    /// - Throws: `SystemError`.
    static func makeFolder(_ path: String) throws {
        let above = parentFolder(of: path)
        if !FileManager.default.fileExists(atPath: above) { try makeFolder(above) }
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw SystemError("create", path) }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw SystemError("use as a folder", path, code: ENOTDIR)
        }
    }
}
