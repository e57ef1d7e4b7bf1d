import Foundation
import T2Core
import T2Formats

/// The places in a run folder, held for one coordinator at a time.
package struct RunFolder: Sendable {
    package let path: String
    private let lock: RunLock?

    package var databasePath: String { path + "/run.sqlite" }
    package var metricsPath: String { path + "/metrics.jsonl" }
    package var logPath: String { path + "/train.log" }
    package var configurationPath: String { path + "/configuration.yaml" }
    package var checkpointsPath: String { path + "/checkpoints" }
    package var evidencePath: String { path + "/evidence" }

    /// An expert file, or LoRA's PEFT folder.
    package func bestExpertPath(_ adapter: AdapterKind) -> String { path + "/expert-best" + Self.suffix(adapter) }
    package func lastExpertPath(_ adapter: AdapterKind) -> String { path + "/expert-last" + Self.suffix(adapter) }

    private static func suffix(_ adapter: AdapterKind) -> String {
        switch adapter {
        case .svf: ".safetensors"
        case .lora: ""
        }
    }

    /// Makes or takes over the folder.
    ///
    /// - Throws: `InputError` if it holds a run and `resume` is false, if it holds none and `resume` is true, or if another
    ///   coordinator works in it; `SystemError` if it cannot be written.
    package init(path: String, resume: Bool) throws {
        self.path = path
        try Self.check(path: path, resume: resume)
        try Self.makeFolder(path)
        lock = try RunLock(path: path + "/.lock")
        try Self.makeFolder(checkpointsPath)
        for folder in [path, checkpointsPath] { AtomicFile.removeAbandoned(in: folder) }
    }

    /// A run folder to look into, not to work in.
    ///
    /// - Throws: `InputError` if it holds no run, or if a coordinator works in it.
    package init(inspecting path: String) throws {
        self.path = path
        try Self.check(path: path, resume: true)
        lock = try RunLock(inspecting: path + "/.lock")
    }

    /// The run's name in messages and in the database.
    package static func name(path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }

    /// What `init` would refuse, without making anything.
    package static func check(path: String, resume: Bool) throws {
        if resume {
            try requireRun(path, remedy: "Leave out --resume to start one there.")
        } else if holdsRun(path) {
            throw InputError(
                path, "holds a run already", remedy: "Go on with it by --resume, or choose another --run-dir.",
                exitStatus: .cannotCreate)
        }
    }

    /// - Throws: `InputError` if nothing was started there.
    package static func requireRun(_ path: String, remedy: String = "Give the folder that t2-coord was given.") throws {
        guard !holdsRun(path) else { return }
        throw InputError(path, "holds no run", remedy: remedy, exitStatus: .noInput)
    }

    /// Lets another coordinator in.
    package func release() { lock?.release() }

    /// Whether a run was started there.
    private static func holdsRun(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/run.sqlite")
    }

    /// Makes a folder and those above it.
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
