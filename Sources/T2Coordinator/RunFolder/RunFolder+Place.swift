import Foundation
import T2Core

extension RunFolder {
    /// Refuses a path where no run folder can be made or written, and leaves nothing behind.
    ///
    /// It is tried out, in the nearest folder that is there: permissions alone say nothing of a read-only disk, and nothing at
    /// all to root.
    /// - Throws: `SystemError`, or `InputError` where no file system takes new folders.
    package static func checkPlace(_ path: String) throws {
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
}
