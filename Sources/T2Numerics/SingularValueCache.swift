import Foundation
import Synchronization
import T2Core
import T2Formats

/// A cache of decompositions on disk, with one file per weight. The file is named after the digest of the weight's
/// values, so that every model with the same weight uses the same file, and an interrupted decomposition of a model
/// continues with the next weight.
///
/// - Invariant: the cache returns exactly the numbers that were computed, bit for bit. A damaged entry is detected by
///   its digest, computed again and replaced.
///
/// An entry that another machine computed lies beside the others under a name of its own until it is needed. It is an entry
/// like the others once it has proved to be a decomposition of its weight.
package final class SingularValueCache: Sendable {
    private struct State {
        var computed = 0
        var failure: (any Error)?
    }

    /// The version of the algorithm and of the file format. It is part of each key and must increase whenever the
    /// numbers change, so that older entries are ignored.
    static let version = "t2-decomposition/2"

    package let folder: String
    private let warn: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// The folder `decompositions` in the `CacheFolder`.
    package static var standardFolder: String { CacheFolder.path + "/decompositions" }

    /// - Parameter warn: receives one line for each damaged entry, and one line if entries cannot be written.
    package init(folder: String = standardFolder, warn: @escaping @Sendable (String) -> Void = StandardError.warn) {
        self.folder = folder
        self.warn = warn
    }

    /// Whether the folder has no files, or does not exist.
    package var isEmpty: Bool { (try? FileManager.default.contentsOfDirectory(atPath: folder).isEmpty) ?? true }

    /// The number of decompositions that were computed because the cache did not have them.
    package var computed: Int { state.withLock { $0.computed } }

    /// The first error that prevented a decomposition from being stored, if there was one.
    package var failure: (any Error)? { state.withLock { $0.failure } }

    /// The decomposition of a weight, from the cache if it is there. Otherwise it is computed and stored.
    ///
    /// - Shapes: weight [rows, columns].
    /// - Throws: the errors of `SingularValueDecomposition`. If the cache cannot be written, the decomposition is
    ///   returned all the same, and the next start computes it again.
    package func decomposition(
        of weight: FloatBuffer, rows: Int, columns: Int, name: String
    ) throws -> SingularValueDecomposition {
        let key = Self.key(weight, rows: rows, columns: columns)
        if let cached = read(path(key), key, rows: rows, columns: columns) { return cached }
        if let fetched = adopt(key, weight, rows: rows, columns: columns) { return fetched }
        let fresh = try SingularValueDecomposition(weight.pointer, rows: rows, columns: columns, name: name)
        state.withLock { $0.computed += 1 }
        do {
            try write(fresh, key, rows: rows, columns: columns)
        } catch {
            let earlier = state.withLock { state in
                defer { state.failure = state.failure ?? error }
                return state.failure
            }
            if earlier == nil {
                warn("decompositions cannot be cached, so the next start will compute them again: \(error)")
            }
        }
        return fresh
    }

    /// The path of the file for the decomposition of a weight.
    package func path(of weight: FloatBuffer, rows: Int, columns: Int) -> String {
        path(Self.key(weight, rows: rows, columns: columns))
    }

    /// The path of the file of a key.
    package func path(_ key: Digest) -> String { "\(folder)/\(key.hexadecimal).safetensors" }

    /// The path of the file of a key that another machine computed.
    package func fetchedPath(_ key: Digest) -> String { path(key) + ".fetched" }

    /// The key of a weight's decomposition.
    static func key(_ weight: FloatBuffer, rows: Int, columns: Int) -> Digest {
        var builder = DigestBuilder()
        builder.update("\(version) [\(rows), \(columns)]")
        builder.update(UnsafeRawBufferPointer(weight.elements))
        return builder.finalize()
    }

    /// The digest of an entry's key and numbers.
    private static func digest(_ decomposition: SingularValueDecomposition, _ key: Digest) -> String {
        var builder = DigestBuilder()
        builder.update(key.hexadecimal)
        decomposition.sigma.withUnsafeBytes { builder.update($0) }
        builder.update(UnsafeRawBufferPointer(decomposition.uTransposed.elements))
        builder.update(UnsafeRawBufferPointer(decomposition.v.elements))
        return builder.finalize().hexadecimal
    }

    /// A decomposition that another machine computed; nil if there is none, or if it is wrong.
    private func adopt(
        _ key: Digest, _ weight: FloatBuffer, rows: Int, columns: Int
    ) -> SingularValueDecomposition? {
        let fetchedPath = fetchedPath(key)
        guard let fetched = read(fetchedPath, key, rows: rows, columns: columns) else {
            unlink(fetchedPath)
            return nil
        }
        guard fetched.isDecomposition(of: weight.pointer, rows: rows, columns: columns) else {
            warn("\(fetchedPath): this is no decomposition of its weight, which will be computed")
            unlink(fetchedPath)
            return nil
        }
        rename(fetchedPath, path(key))
        return fetched
    }

    private func read(_ path: String, _ key: Digest, rows: Int, columns: Int) -> SingularValueDecomposition? {
        let rank = min(rows, columns)
        do {
            let file = try SafetensorsFile(path: path)
            let cached = SingularValueDecomposition(
                uTransposed: try .mapped("u_transposed", shape: [rank, rows], of: file),
                sigma: try file.floats(of: "sigma", shape: [rank]),
                v: try .mapped("v", shape: [columns, rank], of: file))
            defer { for factor in [cached.uTransposed, cached.v] { factor.release() } }
            if file.metadata["digest"] == Self.digest(cached, key) { return cached }
        } catch let error as SystemError where [ENOENT, ENOTDIR].contains(error.code) {
            return nil
        } catch {}
        warn("\(path): this cached decomposition is damaged and will be computed again")
        return nil
    }

    private func write(_ decomposition: SingularValueDecomposition, _ key: Digest, rows: Int, columns: Int) throws {
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
            ],
            metadata: ["format": Self.version, "digest": Self.digest(decomposition, key)], to: path(key))
    }
}
