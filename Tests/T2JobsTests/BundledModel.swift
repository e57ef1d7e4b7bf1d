import Foundation
import T2Core
import T2Engine
import T2Formats
import T2Model
import T2Tasks
import T2Text

/// The bundled model with its experts and problems.
struct BundledModel {
    static let folder =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/experts/tiny"
    /// Loaded once for all tests: it is only read.
    static let shared = Result { try BundledModel() }

    let base: BaseModel
    let tokenizer: Tokenizer
    let experts: ExpertLibrary

    private init() throws {
        let model = try BaseModelFolder(path: Self.folder + "/base")
        base = try BaseModel(model)
        tokenizer = try Tokenizer(path: model.tokenizerPath)
        experts = try ExpertLibrary(path: Self.folder, model: model.digest)
    }

    func problems(_ task: String, _ split: Split = .test) throws -> [Problem] {
        try TaskRegistry.bundled.task(named: task).problems(split: split, in: Self.folder + "/data")
    }

    /// Of all experts but the one that classifies.
    var entries: [ExpertLibrary.Entry] { experts.entries.filter { !$0.isClassifier } }
}
