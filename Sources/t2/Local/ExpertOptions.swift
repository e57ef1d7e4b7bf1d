import ArgumentParser
import T2CommandLine
import T2Core
import T2Engine
import T2Formats
import T2Model
import T2Text

/// A base model, and at most one expert for it.
struct ExpertOptions: ParsableArguments {
    @OptionGroup var model: ModelOptions

    @Option(
        help: ArgumentHelp(
            "Expert file of this base model, or a PEFT LoRA folder. (default: the base model)", valueName: "path"))
    var expert: String?

    struct Loaded {
        let folder: BaseModelFolder
        let tokenizer: Tokenizer
        let base: BaseModel
        let policy: PolicySet
    }

    /// Checks all small files before it loads the weights.
    func load() throws -> Loaded {
        let (folder, tokenizer) = try model.openFolder()
        let policy = try expert.map { try ExpertFile(path: $0, for: folder).policy } ?? .base
        let base = try BaseModel(folder)
        let set = try ProgressReporter.during("decomposing", "matrices") { progress in
            let set = PolicySet(policy, ModelAdapters(base, progress: progress))
            if !set.isBaseModel { try set.prepare() }
            return set
        }
        return Loaded(folder: folder, tokenizer: tokenizer, base: base, policy: set)
    }
}
