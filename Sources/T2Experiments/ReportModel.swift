import T2Adaptation
import T2Core
import T2Evaluation
import T2Model
import T2Tasks
import T2Text

/// A base model with its experts, loaded for measuring.
final class ReportModel {
    let folder: BaseModelFolder
    let tokenizer: Tokenizer
    let base: BaseModel
    let lanes: ModelLanes
    let experts: ExpertLibrary

    init(path: String, experts library: String, lanes count: Int) throws {
        (folder, tokenizer) = try BaseModelFolder.openWithTokenizer(path: path)
        experts = try ExpertLibrary(path: library, model: folder.digest)
        base = try BaseModel(folder)
        lanes = ModelLanes(base, count: count)
    }

    /// The experts that answer.
    var entries: [ExpertLibrary.Entry] { experts.entries.filter { !$0.isClassifier } }

    /// Of the experts and of how prompts find them: what a result rests on besides the model.
    func expertsFingerprint() throws -> String {
        let classification = try Classification(experts)
        return experts.entries.map { "\($0.name) \($0.expert.vector.fingerprint)" }.joined(separator: "\n")
            + classification.question("") + classification.categories.map { "\($0.name) \($0.expert)" }.joined()
    }
}

extension ExpertVector {
    /// Digest of names, sizes and values.
    var fingerprint: String {
        var builder = DigestBuilder()
        for entry in layout.entries { builder.update("\(entry.name) \(entry.count)") }
        values.withUnsafeBytes { builder.update($0) }
        return builder.finalize().hexadecimal
    }
}
