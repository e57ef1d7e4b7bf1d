import Foundation
import T2Core

extension LocalWorkers {
    /// The `t2-worker` that was built with the running program.
    package static var installedProgram: String { BundledExample.programFolder + "/t2-worker" }

    /// - Throws: `InputError` if there is no executable at this path.
    package static func requireProgram(_ path: String) throws {
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw InputError(
                path, "no such program, needed for --local-workers",
                remedy: "Build it (swift build -c release), or leave out --local-workers and start t2-worker yourself.",
                exitStatus: .noInput)
        }
    }
}
