import Foundation
import T2Core

/// Decompositions kept on disk, one file per weight under the digest of its values, so that any model that holds the
/// same weight finds it and a stopped decomposition goes on where it was.
package struct SingularValueCache: Sendable {
    package let folder: String

    /// `$T2_CACHE`, else `$XDG_CACHE_HOME/t2`, else `~/.cache/t2`.
    package static var standard: SingularValueCache {
        let environment = ProcessInfo.processInfo.environment
        let root =
            environment["T2_CACHE"] ?? environment["XDG_CACHE_HOME"].map { $0 + "/t2" }
            ?? FileManager.default.homeDirectoryForCurrentUser.path + "/.cache/t2"
        return SingularValueCache(folder: root + "/decompositions")
    }

    package init(folder: String) { self.folder = folder }

    package func path(_ digest: Digest) -> String { "\(folder)/\(digest.hexadecimal).safetensors" }

    /// The stored decomposition of a [rows, columns] weight, or nil if there is none that is whole.
    package func read(_ digest: Digest, rows: Int, columns: Int) -> SingularValueDecomposition? {
        let rank = min(rows, columns)
        // A damaged entry is treated as absent: it is computed again and replaced.
        guard let file = try? SafetensorsFile(path: path(digest)),
            let sigma = try? file.floats(of: "sigma", shape: [rank]),
            let u = try? file.floats(of: "u_transposed", shape: [rank, rows]),
            let v = try? file.floats(of: "v", shape: [columns, rank])
        else { return nil }
        return SingularValueDecomposition(uTransposed: FloatBuffer(u), sigma: sigma, v: FloatBuffer(v))
    }

    /// Stores a decomposition atomically.
    ///
    /// - Throws: `SystemError` if the folder cannot be written; callers may go on without the cache.
    package func write(_ decomposition: SingularValueDecomposition, _ digest: Digest, rows: Int, columns: Int) throws {
        let rank = min(rows, columns)
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw SystemError("create", folder, code: EACCES)
        }
        try SafetensorsWriter.write(
            [
                .init(name: "sigma", shape: [rank], values: decomposition.sigma),
                .init(name: "u_transposed", shape: [rank, rows], values: decomposition.uTransposed.values),
                .init(name: "v", shape: [columns, rank], values: decomposition.v.values),
            ], metadata: ["format": "t2-decomposition/1"], to: path(digest))
    }
}
