import Foundation
import T2Core

extension RunFolder {
    /// Refuses a path where no run folder can be made or written, and leaves nothing behind.
    ///
    /// It is tried out, in the nearest folder that is there: permissions alone say nothing of a read-only disk, and nothing at
    /// all to root.
    /// - Throws: `SystemError`, or `InputError` where no file system takes new folders.
    static func checkPlace(_ path: String) throws {
        var folder = path
        while !FileManager.default.fileExists(atPath: folder) { folder = parentFolder(of: folder) }
        let probe = "\(folder)/.t2-\(UUID().uuidString)"
        guard mkdir(probe, 0o700) == 0 else {
            let failure = SystemError("create the run folder", path)
            guard failure.exitStatus == .noInput else { throw failure }
            throw InputError(
                path, "the run folder cannot be created, \(folder) takes no new folders",
                remedy: "Choose another --run-dir.", exitStatus: .cannotCreate)
        }
        rmdir(probe)
    }

    /// Refuses a folder whose run is a search or an evaluation: training must not go on in it.
    static func requireTraining(_ path: String) throws {
        let jobs: [any JobIdentity.Type] = [SearchIdentity.self, EvaluationIdentity.self]
        for job in jobs where FileManager.default.fileExists(atPath: "\(path)/\(job.noun).json") {
            throw InputError(
                path, "holds \(JobJournal.article(job.noun)), not a training run",
                remedy: "Go on with it by t2-coord \(job.command) --resume, or choose another --run-dir.",
                exitStatus: .configuration)
        }
    }
}
