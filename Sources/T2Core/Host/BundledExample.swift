import Foundation

/// The example in this package, which the programs use when no model or task is named.
package enum BundledExample {
    /// The base model's path inside the repository; installed programs have it below `share/t2`, beside their own folder `bin`.
    package static let baseModel = "experts/tiny/base"
    package static let endpoint = "tcp://127.0.0.1:5555"

    /// The path of the bundled base model, searched from `folder` upwards, then from the program's folder upwards.
    ///
    /// - Throws: `InputError` naming both folders.
    package static func baseModelPath(
        from folder: String = FileManager.default.currentDirectoryPath, program: String = programFolder
    ) throws -> String {
        for start in [folder, program] {
            let start = URL(fileURLWithPath: start).standardizedFileURL
            for folder in sequence(first: start, next: { $0.path == "/" ? nil : $0.deletingLastPathComponent() }) {
                for path in [baseModel, "share/t2/" + baseModel] {
                    let candidate = folder.appendingPathComponent(path).path
                    if FileManager.default.fileExists(atPath: candidate + "/config.json") { return candidate }
                }
            }
        }
        throw InputError(
            baseModel, "not found from \(folder) upwards, nor from \(program) upwards",
            remedy: "Name the model with --model DIR, or run this inside a clone of the repository.",
            exitStatus: .noInput)
    }

    /// The folder of the running executable, with links resolved.
    package static var programFolder: String {
        let program =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return (program as NSString).deletingLastPathComponent
    }
}
