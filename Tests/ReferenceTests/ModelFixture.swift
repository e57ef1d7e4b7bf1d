import Foundation
import T2Core
import T2Model
import T2Numerics

/// What PyTorch computed on one tiny random model; see scripts/fixtures/make_model_fixtures.py.
struct ModelFixture: Decodable {
    struct Rollout: Decodable {
        let prompt_ids: [Int32]
        let completion_ids: [Int32]
        let advantage: Float
    }

    struct Case: Decodable {
        let parameterisation: ParameterisationKind
        let direction: KLDirection
        let coefficient: Float
        let temperature: Float
        let loss: Double
        let policy_loss: Double
        let kl: Double
        let gradient: [String: [Double]]
    }

    let rollouts: [Rollout]
    let log_probabilities: [[Float]]
    let z: [String: [Float]]
    let p: [String: [Float]]
    let cases: [Case]

    static let names = ["grouped-tied", "multihead-untied"]

    static func folder(_ name: String) -> String {
        Bundle.module.path(forResource: "Fixtures", ofType: nil)! + "/" + name
    }

    static func load(_ name: String) throws -> ModelFixture {
        try JSONDecoder().decode(
            ModelFixture.self, from: Data(contentsOf: URL(fileURLWithPath: folder(name) + ".json")))
    }

    var sequences: [ScoredSequence] {
        rollouts.map { ScoredSequence(prompt: $0.prompt_ids, completion: $0.completion_ids) }
    }

    static func vector(_ values: [String: [Float]], _ layout: ExpertLayout) -> ExpertVector {
        ExpertVector(layout: layout, values: layout.entries.flatMap { values[$0.name]! })
    }

    static func flat(_ gradient: [String: [Double]], _ layout: ExpertLayout) -> [Double] {
        layout.entries.flatMap { gradient[$0.name]! }
    }
}

/// A model of the fixtures, ready to run. Decompositions go to a folder of the test's own.
struct LoadedModel {
    let svf: SVFModel
    let transformer: Transformer

    init(_ name: String, adaptation: Adaptation = .all) throws {
        let cache = SingularValueCache(folder: NSTemporaryDirectory() + "t2-reference-tests")
        let base = try BaseModel(try BaseModelFolder(path: ModelFixture.folder(name)))
        svf = try SVFModel(base, adaptation: adaptation, cache: cache)
        transformer = Transformer(base)
    }
}

/// ‖a − b‖ / ‖b‖.
func relativeError(_ a: [Float], _ b: [Double]) -> Double {
    precondition(a.count == b.count)
    let difference = zip(a, b).reduce(0.0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
    return (difference / b.reduce(0) { $0 + $1 * $1 }).squareRoot()
}
