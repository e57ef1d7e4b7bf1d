import Foundation
import Synchronization
import T2Core
import T2Formats

/// Decompositions kept on disk, one file per weight under the digest of its values, so that any model that holds the
/// same weight finds it and a stopped decomposition goes on where it was.
///
/// Invariant: what comes out of it is what was computed, bit for bit: an entry that is not is found by its digest, computed
/// again and replaced.
package final class SingularValueCache: Sendable {
    private struct State {
        var computed = 0
        var failure: (any Error)?
    }

    /// Of the algorithm and of the file. It goes up with every change of the numbers: older entries are then never looked at.
    private static let version = "t2-decomposition/2"

    package let folder: String
    private let warn: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// `$T2_CACHE`, else `$XDG_CACHE_HOME/t2`, else `~/.cache/t2`.
    package static var standardFolder: String {
        let environment = ProcessInfo.processInfo.environment
        let root =
            environment["T2_CACHE"] ?? environment["XDG_CACHE_HOME"].map { $0 + "/t2" }
            ?? FileManager.default.homeDirectoryForCurrentUser.path + "/.cache/t2"
        return root + "/decompositions"
    }

    package static var standard: SingularValueCache { SingularValueCache() }

    /// - Parameter warn: told in a line of entries that were damaged, and once if none can be written.
    package init(folder: String = standardFolder, warn: @escaping @Sendable (String) -> Void = StandardError.warn) {
        self.folder = folder
        self.warn = warn
    }

    /// Decompositions that were not there.
    package var computed: Int { state.withLock { $0.computed } }

    /// Why computed decompositions could not be kept, if so.
    package var failure: (any Error)? { state.withLock { $0.failure } }

    /// The decomposition of a weight: the one kept, or a fresh one, kept from now on.
    ///
    /// - Shapes: weight [rows, columns].
    /// - Throws: what `SingularValueDecomposition` throws. A cache that cannot be written costs time and nothing else.
    package func decomposition(
        of weight: FloatBuffer, rows: Int, columns: Int, name: String
    ) throws -> SingularValueDecomposition {
        let key = Self.key(weight, rows: rows, columns: columns)
        if let kept = read(key, rows: rows, columns: columns) { return kept }
        let fresh = try SingularValueDecomposition(weight.pointer, rows: rows, columns: columns, name: name)
        state.withLock { $0.computed += 1 }
        do {
            try write(fresh, key, rows: rows, columns: columns)
        } catch {
            let isFirst = state.withLock { state in
                defer { state.failure = state.failure ?? error }
                return state.failure == nil
            }
            if isFirst { warn("decompositions cannot be kept, so the next start takes as long: \(error)") }
        }
        return fresh
    }

    /// Where the decomposition of a weight is kept.
    package func path(of weight: FloatBuffer, rows: Int, columns: Int) -> String {
        path(Self.key(weight, rows: rows, columns: columns))
    }

    private func path(_ key: Digest) -> String { "\(folder)/\(key.hexadecimal).safetensors" }

    private static func key(_ weight: FloatBuffer, rows: Int, columns: Int) -> Digest {
        var builder = DigestBuilder()
        builder.update("\(version) [\(rows), \(columns)]")
        builder.update(weight.bytes)
        return builder.finalize()
    }

    /// Of an entry's numbers, and of what they belong to.
    private static func digest(_ decomposition: SingularValueDecomposition, _ key: Digest) -> String {
        var builder = DigestBuilder()
        builder.update(key.hexadecimal)
        decomposition.sigma.withUnsafeBytes { builder.update($0) }
        builder.update(decomposition.uTransposed.bytes)
        builder.update(decomposition.v.bytes)
        return builder.finalize().hexadecimal
    }

    private func read(_ key: Digest, rows: Int, columns: Int) -> SingularValueDecomposition? {
        let (path, rank) = (path(key), min(rows, columns))
        do {
            let file = try SafetensorsFile(path: path)
            let kept = SingularValueDecomposition(
                uTransposed: FloatBuffer(try file.floats(of: "u_transposed", shape: [rank, rows])),
                sigma: try file.floats(of: "sigma", shape: [rank]),
                v: FloatBuffer(try file.floats(of: "v", shape: [columns, rank])))
            if file.metadata["digest"] == Self.digest(kept, key) { return kept }
        } catch let error as SystemError where [ENOENT, ENOTDIR].contains(error.code) {
            return nil
        } catch {}
        warn("\(path): this kept decomposition is damaged; it is computed again")
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

extension FloatBuffer {
    fileprivate var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: pointer, count: count * MemoryLayout<Float>.size)
    }
}
