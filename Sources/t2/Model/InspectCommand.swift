import ArgumentParser
import T2CommandLine

/// Shows what a model folder holds.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Shows what a model folder holds, and how large its experts and its memory are.",
        discussion: """
            The command reads the configuration, the tokenizer and the headers of the weight files, and computes the digest of \
            the weights without loading them.

            Example:
              t2 inspect --model experts/tiny/base
            """)

    @OptionGroup var model: ModelOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let (folder, tokenizer) = try model.openFolder()
        let description = ModelDescription(folder, tokenizerVocabulary: tokenizer.vocabularySize)
        try StandardOutput.write(json ? JSONText.line(description) : description.text)
    }
}
