import Foundation
import Synchronization
import T2Core
import T2Formats
import T2Numerics
import Testing

@Suite("The cache of decompositions")
struct SingularValueCacheTests {
    /// A cache in a folder of its own, a weight, and the file of its decomposition.
    private final class Scene: Sendable {
        let folder = NSTemporaryDirectory() + "t2-cache-\(UUID().uuidString)"
        let weight: FloatBuffer
        let (rows, columns) = (12, 8)
        private let said = Mutex<[String]>([])

        var warnings: [String] { said.withLock { $0 } }
        var path: String { cache.path(of: weight, rows: rows, columns: columns) }
        /// A new instance on the same folder, as another program would open it.
        var cache: SingularValueCache {
            SingularValueCache(folder: folder) { text in self.said.withLock { $0.append(text) } }
        }

        init() {
            var random = SeededRandom(seed: 5)
            weight = FloatBuffer((0..<rows * columns).map { _ in Float(random.nextNormal()) })
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func decomposition(_ cache: SingularValueCache) throws -> [[Float]] {
            let found = try cache.decomposition(of: weight, rows: rows, columns: columns, name: "w")
            return [found.sigma, found.uTransposed.values, found.v.values]
        }

        func fresh() throws -> [[Float]] {
            let fresh = try SingularValueDecomposition(weight.pointer, rows: rows, columns: columns, name: "w")
            return [fresh.sigma, fresh.uTransposed.values, fresh.v.values]
        }

        /// A file as of this weight whose U has two columns exchanged, and whose digest is right.
        func forged() throws -> Data {
            let file = try SafetensorsFile(path: path)
            var u = try file.floats(of: "u_transposed", shape: [columns, rows])
            let (first, second) = (Array(u[..<rows]), Array(u[rows..<2 * rows]))
            u.replaceSubrange(..<(2 * rows), with: second + first)
            let (sigma, v) = (
                try file.floats(of: "sigma", shape: [columns]), try file.floats(of: "v", shape: [columns, columns])
            )
            var builder = DigestBuilder()
            builder.update(URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent)
            for values in [sigma, u, v] { values.withUnsafeBytes { builder.update($0) } }
            var metadata = file.metadata
            metadata["digest"] = builder.finalize().hexadecimal
            let target = folder + "/forged"
            try SafetensorsWriter.write(
                [
                    .init(name: "sigma", shape: [columns], values: sigma),
                    .init(name: "u_transposed", shape: [columns, rows], values: u),
                    .init(name: "v", shape: [columns, columns], values: v),
                ], metadata: metadata, to: target)
            return try Data(contentsOf: URL(fileURLWithPath: target))
        }

        var content: Data {
            get throws { try Data(contentsOf: URL(fileURLWithPath: path)) }
        }
    }

    @Test("returns what was computed, and computes it once")
    func kept() throws {
        let scene = Scene()
        let (first, second) = (scene.cache, scene.cache)
        let fresh = try scene.fresh()
        #expect(try scene.decomposition(first) == fresh)
        #expect(try scene.decomposition(second) == fresh)
        #expect(first.computed == 1 && second.computed == 0)
        #expect(scene.warnings.isEmpty)
    }

    @Test("adopts what another machine computed, and computes again what is damaged or no decomposition of the weight")
    func fetched() throws {
        let (scene, other) = (Scene(), Scene())
        let fresh = try scene.decomposition(other.cache)
        let content = try Data(
            contentsOf: URL(fileURLWithPath: other.cache.path(of: scene.weight, rows: 12, columns: 8)))
        let fetched = URL(fileURLWithPath: scene.path + ".fetched")
        try FileManager.default.createDirectory(atPath: scene.folder, withIntermediateDirectories: true)
        try content.write(to: fetched)
        let cache = scene.cache
        #expect(try scene.decomposition(cache) == fresh)
        #expect(cache.computed == 0 && scene.warnings.isEmpty)
        #expect(try scene.content == content && !FileManager.default.fileExists(atPath: fetched.path))

        // The decomposition of another weight, with the key and the digest of this one's, is a sound file.
        for (wrong, warning) in [
            (try scene.forged(), "no decomposition of its weight"), (content.dropLast(), "damaged"),
        ] {
            try FileManager.default.removeItem(atPath: scene.path)
            try wrong.write(to: fetched)
            let cache = scene.cache
            #expect(try scene.decomposition(cache) == fresh)
            #expect(cache.computed == 1 && scene.warnings.last?.contains(warning) == true, "\(scene.warnings)")
            #expect(try scene.content == content && !FileManager.default.fileExists(atPath: fetched.path))
        }
    }

    @Test("tells apart weights with the same values and different shapes")
    func shape() throws {
        let scene = Scene()
        _ = try scene.decomposition(scene.cache)
        let other = scene.cache
        _ = try other.decomposition(of: scene.weight, rows: 8, columns: 12, name: "w")
        #expect(other.computed == 1 && scene.warnings.isEmpty)
    }

    /// The flipped bit is in the header, in σ, in the middle and in the last byte.
    @Test(
        "detects one flipped bit, warns in one line, returns fresh numbers and repairs the file", arguments: 0..<4)
    func flippedBit(index: Int) throws {
        let scene = Scene()
        let fresh = try scene.decomposition(scene.cache)
        let content = try scene.content
        let header = 8 + Int(content.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
        var damaged = content
        damaged[[20, header + 2, content.count / 2, content.count - 1][index]] ^= 1
        try damaged.write(to: URL(fileURLWithPath: scene.path))
        let cache = scene.cache
        #expect(try scene.decomposition(cache) == fresh)
        #expect(cache.computed == 1)
        #expect(scene.warnings.count == 1 && scene.warnings.first?.contains(scene.path) == true)
        #expect(try scene.content == content)
    }

    @Test("detects a truncated entry and repairs it", arguments: [0, 4, 100, 900])
    func truncated(length: Int) throws {
        let scene = Scene()
        let fresh = try scene.decomposition(scene.cache)
        let content = try scene.content
        try #require(length < content.count)
        truncate(scene.path, length)
        #expect(try scene.decomposition(scene.cache) == fresh)
        #expect(scene.warnings.count == 1)
        #expect(try scene.content == content)
    }

    @Test("rejects an intact entry under the name of another weight")
    func misplaced() throws {
        let scene = Scene()
        let fresh = try scene.decomposition(scene.cache)
        let other = FloatBuffer(scene.weight.values.map { -2 * $0 })
        let path = scene.cache.path(of: other, rows: scene.rows, columns: scene.columns)
        try scene.content.write(to: URL(fileURLWithPath: path))
        let cache = scene.cache
        let found = try cache.decomposition(of: other, rows: scene.rows, columns: scene.columns, name: "w")
        #expect(cache.computed == 1 && scene.warnings.count == 1)
        #expect(zip(found.sigma, fresh[0]).allSatisfy { abs($0 - 2 * $1) < 1e-5 })
    }

    @Test("warns once if it cannot be written, and returns the decompositions all the same")
    func unwritable() throws {
        let scene = Scene()
        // A file at the path of the folder prevents every user, root included, from creating the folder.
        try AtomicFile.write("kept", to: scene.folder)
        let cache = scene.cache
        for _ in 0..<3 { #expect(try scene.decomposition(cache) == scene.fresh()) }
        #expect(cache.failure is SystemError)
        #expect(scene.warnings.count == 1 && scene.warnings.first?.contains("cannot be cached") == true)
    }
}
