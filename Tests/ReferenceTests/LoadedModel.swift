import Foundation
import T2Core
import T2Formats
import T2Model
import T2Numerics
import T2TestSupport

/// A model of the fixtures, ready to run. Its decompositions are cached in a folder that only these tests use.
struct LoadedModel {
    let svf: SVFModel
    let transformer: Transformer

    init(_ name: String) throws {
        let cache = SingularValueCache(folder: NSTemporaryDirectory() + "t2-reference-tests")
        let base = try BaseModel(try BaseModelFolder(path: ModelFixture.folder(name)))
        svf = try SVFModel(base, targets: .all, cache: cache)
        transformer = Transformer(base)
    }
}

extension ModelFixture {
    var sequences: [ScoredSequence] {
        rollouts.map { ScoredSequence(prompt: $0.prompt_ids, completion: $0.completion_ids) }
    }
}
