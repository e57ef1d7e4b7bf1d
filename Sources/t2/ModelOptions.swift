import ArgumentParser
import Foundation
import T2Adaptation
import T2Core
import T2Model
import T2Text

/// The base model that a command works on.
struct ModelOptions: ParsableArguments {
    @Option(name: .customLong("model"), help: ArgumentHelp("Base model: a Hugging Face folder.", valueName: "dir"))
    var path: String

    /// The folder with a tokenizer that fits it.
    ///
    /// - Throws: what the folder and the tokenizer throw.
    func openFolder() throws -> (folder: BaseModelFolder, tokenizer: Tokenizer) {
        try BaseModelFolder.openWithTokenizer(path: path)
    }
}

/// The base model with at most one expert on it.
struct AdaptedModelOptions: ParsableArguments {
    @OptionGroup var model: ModelOptions

    @Option(
        name: .customLong("expert"),
        help: ArgumentHelp(
            "Expert file of this base model, or a PEFT LoRA folder; without it the base model itself is run.",
            valueName: "path"))
    var expertPath: String?

    struct Loaded {
        let folder: BaseModelFolder
        let tokenizer: Tokenizer
        let model: AdaptedModel
        let expert: ExpertFile?
    }

    func load() throws -> Loaded {
        let (folder, tokenizer) = try model.openFolder()
        return try Self.load(folder, tokenizer, expert: expertPath)
    }

    /// Checks everything that is small before it loads the weights.
    ///
    /// - Parameter path: of the expert; nil runs the base model itself.
    static func load(_ folder: BaseModelFolder, _ tokenizer: Tokenizer, expert path: String?) throws -> Loaded {
        let expert = try path.map { try ExpertFile(path: $0, for: folder) }
        let base = try BaseModel(folder)
        guard let expert else {
            return Loaded(folder: folder, tokenizer: tokenizer, model: AdaptedModel(base), expert: nil)
        }
        let reporter = ProgressReporter("decomposing")
        defer { reporter.finish() }
        let adapted = try AdaptedModel(base, expert: expert.vector) { reporter.report($0, of: $1, "matrices") }
        return Loaded(folder: folder, tokenizer: tokenizer, model: adapted, expert: expert)
    }
}
