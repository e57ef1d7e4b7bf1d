import Foundation
import Synchronization
import T2Core
import T2Formats
import T2Numerics
import T2TestSupport
import Testing

@Suite("The decompositions of a model", .timeLimit(.minutes(20)))
struct WeightDecompositionTests {
    /// A model and a cache of its own.
    private final class Scene {
        let model: TinyModel
        let folder: BaseModelFolder
        let cache = SingularValueCache(folder: NSTemporaryDirectory() + "t2-cache-\(UUID().uuidString)") { _ in }

        init() throws {
            model = try TinyModel()
            folder = try BaseModelFolder(path: model.path)
        }

        deinit {
            model.remove()
            try? FileManager.default.removeItem(atPath: cache.folder)
        }

        func decomposition(_ targets: TargetModules = .all) -> WeightDecomposition {
            WeightDecomposition(
                folder, layout: ExpertLayout(model: folder.configuration, targets: targets), cache: cache)
        }
    }

    @Test("come in the layout's order", arguments: TargetModules.allCases)
    func order(targets: TargetModules) throws {
        let scene = try Scene()
        let layout = ExpertLayout(model: scene.folder.configuration, targets: targets)
        let found = try scene.decomposition(targets).run(keep: \.sigma)
        let shapes = Dictionary(
            uniqueKeysWithValues: (0..<2).flatMap { layer in
                MatrixKind.allCases.map { ($0.name(layer: layer), $0.shape(scene.folder.configuration)) }
            })
        let expected = try layout.entries.map { entry in
            let (rows, columns) = try #require(shapes[entry.name])
            let weight = try WeightLoader(scene.folder).load(entry.name, shape: [rows, columns])
            return try SingularValueDecomposition(weight.pointer, rows: rows, columns: columns, name: "").sigma
        }
        #expect(found == expected)
    }

    @Test("come several at a time: one a core, and no more than memory holds")
    func threads() throws {
        let decomposition = try Scene().decomposition()
        func count(_ cores: Int, _ memory: Int?) -> Int {
            decomposition.threadCount(MachineResources(cores: cores, availableMemory: memory))
        }
        #expect(count(3, nil) == 3)
        #expect(count(64, nil) == 14)
        // The largest matrix, [40, 24], with its factors, in double and in single precision.
        let (matrix, factors) = (40 * 24, 24 * (40 + 24))
        #expect(decomposition.bytesPerThread > 12 * (matrix + factors))
        #expect(count(64, 5 * decomposition.bytesPerThread + 1) == 5)
        #expect(count(64, 100) == 1)
    }

    @Test("tell how far they are: first, after each matrix and last")
    func progress() throws {
        var told: [Int] = []
        _ = try Scene().decomposition().run(progress: { done, total in
            #expect(total == 14)
            told.append(done)
        }) { _ in }
        #expect(told.first == 0 && told.last == 14)
        #expect(told == told.sorted())
    }

    @Test("say again and again that they are at work while a matrix takes its time")
    func longMatrix() throws {
        let calls = Mutex(0)
        let patience = DispatchSemaphore(value: 0)
        var told: [Int] = []
        // The first matrices are held up until nothing but time can have brought a fifth call.
        _ = try Scene().decomposition().run(
            tick: .milliseconds(1),
            progress: { done, _ in
                told.append(done)
                if told.count == 5 { for _ in 0..<14 { patience.signal() } }
            }
        ) { _ in
            patience.wait()
            calls.withLock { $0 += 1 }
        }
        #expect(told.prefix(5) == [0, 0, 0, 0, 0])
        #expect(calls.withLock { $0 } == 14)
    }

    @Test("of a damaged weight end with its name")
    func damagedWeight() throws {
        let scene = try Scene()
        let name = "model.layers.0.mlp.gate_proj.weight"
        let path = scene.model.path + "/model.safetensors"
        let tensor = try #require(try SafetensorsFile(path: path).tensors[name])
        var content = try Data(contentsOf: URL(fileURLWithPath: path))
        let start = 8 + Int(content.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }) + tensor.range.lowerBound
        withUnsafeBytes(of: Float.nan) { content.replaceSubrange(start..<start + 4, with: $0) }
        try content.write(to: URL(fileURLWithPath: path))
        let folder = try BaseModelFolder(path: scene.model.path)
        let error = #expect(throws: InputError.self) {
            _ = try WeightDecomposition(
                folder, layout: ExpertLayout(model: folder.configuration, targets: .mlp), cache: scene.cache
            ).run { _ in }
        }
        #expect(error?.description.contains(name) == true)
    }

    @Test("remove what a killed decomposition left in the cache")
    func abandoned() throws {
        let scene = try Scene()
        try FileManager.default.createDirectory(atPath: scene.cache.folder, withIntermediateDirectories: true)
        let left = scene.cache.folder + "/0123.safetensors.tmp-4711-1"
        _ = FileManager.default.createFile(atPath: left, contents: Data([1, 2, 3]))
        _ = try scene.decomposition().run { _ in }
        let names = try FileManager.default.contentsOfDirectory(atPath: scene.cache.folder)
        #expect(names.count == 14 && names.allSatisfy { $0.hasSuffix(".safetensors") })
    }
}
