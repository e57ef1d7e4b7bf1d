import T2Core
import T2Formats

extension Tokenizer {
    /// Checks that the model has an embedding for every token, and that the tokenizer has the tokens that start and end the model's
    /// sequences.
    ///
    /// - Throws: `InputError` if one of these does not hold.
    package func checkAgreement(with configuration: ModelConfiguration) throws {
        func disagreement(_ problem: String) -> InputError {
            InputError(path, problem, remedy: "Use the tokenizer.json and config.json of the same model.")
        }
        let (largest, size) = ("its largest identifier is \(vocabularySize - 1)", configuration.vocabularySize)
        guard vocabularySize <= size else {
            throw disagreement(
                "\(largest), expected at most \(size - 1) for the model's vocabulary of \(size) tokens")
        }
        let named = [
            ("config.json", configuration.endOfSequence + [configuration.beginningOfSequence].compactMap(\.self)),
            ("generation_config.json", configuration.generationEndOfSequence ?? []),
        ]
        for (file, tokens) in named {
            guard let id = tokens.first(where: { !(0..<vocabularySize).contains($0) }) else { continue }
            throw disagreement(
                "\(largest), but the model's \(file) names \(id) as a token that starts or ends sequences")
        }
        if let id = promptPrefix.first(where: { $0 < 0 || $0 >= size }) {
            throw disagreement("it begins prompts with token \(id), but the model has \(size) tokens")
        }
    }
}

extension BaseModelFolder {
    /// Opens a model folder and its tokenizer, and checks that they agree.
    ///
    /// - Throws: the errors of opening the folder, of reading the tokenizer, and of `Tokenizer.checkAgreement`.
    package static func openWithTokenizer(path: String) throws -> (folder: BaseModelFolder, tokenizer: Tokenizer) {
        let folder = try BaseModelFolder(path: path)
        return (folder, try folder.tokenizer())
    }

    /// The folder's tokenizer, which agrees with the model.
    ///
    /// - Throws: the errors of reading the tokenizer, and of `Tokenizer.checkAgreement`.
    package func tokenizer() throws -> Tokenizer {
        let tokenizer = try Tokenizer(path: tokenizerPath)
        try tokenizer.checkAgreement(with: configuration)
        return tokenizer
    }
}
