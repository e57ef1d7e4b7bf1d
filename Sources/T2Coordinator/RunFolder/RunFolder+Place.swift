import Foundation
import T2Core

extension RunFolder {
    /// Refuses a path where a run folder cannot be created, and leaves nothing behind.
    ///
    /// It makes a test folder in the nearest existing one: permissions do not reveal a read-only disk and mean nothing for root.
    /// - Throws: `SystemError`, or `InputError` if the file system allows no new folders.
    package static func checkPlace(_ path: String) throws {
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
}
