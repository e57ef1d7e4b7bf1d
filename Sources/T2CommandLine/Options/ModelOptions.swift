import ArgumentParser
import T2Core
import T2Formats
import T2Text

/// The base model that a command works on.
package struct ModelOptions: ParsableArguments {
    @Option(name: .customLong("model"), help: ArgumentHelp("Base model: a Hugging Face folder.", valueName: "dir"))
    package var path: String

    package init() {}

    /// The folder with a tokenizer that fits it.
    package func openFolder(
        _ weights: WeightChoice = .f32
    ) throws -> (folder: BaseModelFolder, tokenizer: Tokenizer) {
        try BaseModelFolder.openWithTokenizer(path: path, weights: weights)
    }
}
