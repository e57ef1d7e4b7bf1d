import Foundation
import T2Core
import T2Formats
import T2Model
import T2Numerics
import T2TestSupport

/// A loaded model of random weights.
struct RandomModel {
    let svf: SVFModel
    let transformer: Transformer

    /// - Parameter threads: the threads of the transformer's lane.
    init(
        targets: TargetModules = .all, layers: Int = 2, contextLength: Int = 128, type: WeightType = .float32,
        threads: Int = 1
    ) throws {
        let folder = try TinyModel(layers: layers, contextLength: contextLength)
        defer { folder.remove() }
        try self.init(folder: folder.path, targets: targets, type: type, threads: threads)
    }

    /// - Parameter fixture: a name in `ModelFixture`.
    init(fixture: String) throws { try self.init(folder: ModelFixture.folder(fixture), targets: .all) }

    private init(folder: String, targets: TargetModules, type: WeightType = .float32, threads: Int = 1) throws {
        let base = try BaseModel(try BaseModelFolder(path: folder), type: type)
        let cache = SingularValueCache(folder: NSTemporaryDirectory() + "t2-model-tests")
        svf = try SVFModel(base, targets: targets, cache: cache)
        transformer = Transformer(base, threads == 1 ? .alone : try ThreadTeam(count: threads))
    }

    var ones: ExpertVector { ExpertVector(layout: svf.layout, repeating: 1) }

    func vector(_ seed: UInt64, deviation: Double = 0.2) -> ExpertVector {
        var random = SeededRandom(seed: seed)
        return ExpertVector(
            layout: svf.layout, values: (0..<svf.layout.count).map { _ in Float(1 + deviation * random.nextNormal()) })
    }

    static func tokens(_ count: Int, _ seed: UInt64) -> [Int32] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in 3 + Int32(random.next() % 47) }
    }

    static func sequences(_ count: Int) -> [ScoredSequence] {
        (0..<count).map { index in
            ScoredSequence(
                prompt: tokens(1 + 5 * index % 17, UInt64(index)),
                completion: tokens(1 + 3 * index % 11, UInt64(100 + index)))
        }
    }

    func requests(_ count: Int, promptLength: Int = 6) -> [SampleRequest] {
        (0..<count).map { index in
            SampleRequest(
                prompt: Self.tokens(promptLength + index % 3, UInt64(index)),
                random: SeededRandom(seed: 9, problem: index))
        }
    }
}
