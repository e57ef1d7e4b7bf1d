import T2Core
import T2Formats

extension Tokenizer {
    /// Checks that the model has an embedding for every token of ordinary text, and that the tokenizer has the tokens that
    /// start and end the model's sequences.
    ///
    /// Added tokens may be missing from the model, such as one for padding that a fine-tuning added without enlarging
    /// the embeddings: `checkEmbeddings` refuses a text that uses one.
    /// - Throws: `InputError` if one of these does not hold.
    package func checkAgreement(with configuration: ModelConfiguration) throws {
        func disagreement(_ problem: String) -> InputError {
            InputError(path, problem, remedy: "Use the tokenizer.json and config.json of the same model.")
        }
        let size = configuration.vocabularySize
        guard ordinaryVocabularySize <= size else {
            throw disagreement(
                "its largest identifier is \(ordinaryVocabularySize - 1), expected at most \(size - 1) for the model's "
                    + "vocabulary of \(size) tokens")
        }
        let named = [
            ("config.json", configuration.endOfSequence + [configuration.beginningOfSequence].compactMap(\.self)),
            ("generation_config.json", configuration.generationEndOfSequence ?? []),
        ]
        for (file, tokens) in named {
            guard let id = tokens.first(where: { !(0..<vocabularySize).contains($0) }) else { continue }
            throw InputError(
                "\(parentFolder(of: path))/\(file)",
                "names \(id) as a token that starts or ends sequences, expected 0 to \(vocabularySize - 1), the identifiers of "
                    + "tokenizer.json",
                remedy: "Use the tokenizer.json and \(file) of the same model.")
        }
        if let id = promptPrefix.first(where: { $0 < 0 || $0 >= size }) {
            throw disagreement("it begins prompts with token \(id), but the model has \(size) tokens")
        }
    }

    /// Checks that the model has an embedding for every token of a text.
    ///
    /// - Parameter location: what the text is, for the error.
    /// - Throws: `InputError` that names the first token without an embedding.
    package func checkEmbeddings(
        of tokens: [Int32], location: String, in model: ModelConfiguration
    ) throws(InputError) {
        guard let id = tokens.first(where: { $0 >= model.vocabularySize }) else { return }
        let text = String(decoding: token(of: id, skipSpecialTokens: false), as: UTF8.self)
        throw InputError(
            location,
            "has the token '\(text)' with identifier \(id), expected at most \(model.vocabularySize - 1) for the model's "
                + "vocabulary of \(model.vocabularySize) tokens",
            remedy: "Leave '\(text)' out of the text, or use a model whose embeddings were enlarged for it.")
    }
}

extension BaseModelFolder {
    /// Opens a model folder and its tokenizer, and checks that they agree.
    ///
    /// - Throws: the errors of opening the folder, of reading the tokenizer, and of `Tokenizer.checkAgreement`.
    package static func openWithTokenizer(
        path: String, weights: WeightChoice = .f32
    ) throws -> (folder: BaseModelFolder, tokenizer: Tokenizer) {
        let folder = try BaseModelFolder(path: path).holding(weights)
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
