/// The shape of a model of the Llama kind, read from a Hugging Face `config.json`.
package struct ModelConfiguration: Sendable, Equatable {
    package let vocabularySize: Int
    package let hiddenSize: Int
    package let intermediateSize: Int
    package let layerCount: Int
    package let headCount: Int
    package let keyValueHeadCount: Int
    package let headSize: Int
    package let normEpsilon: Float
    package let ropeTheta: Double
    package let contextLength: Int
    package let tiedEmbeddings: Bool
    package let beginningOfSequence: Int?
    /// The end tokens of `config.json`.
    package let endOfSequence: [Int]
    package let architecture: Architecture
    /// The end tokens of `generation_config.json`, which may be none; nil without that file.
    package var generationEndOfSequence: [Int]?

    /// The tokens that end a completion, as transformers' `generate` takes them: those of `generation_config.json` alone if there is
    /// such a file, even if it names none.
    package var endTokens: [Int] { generationEndOfSequence ?? endOfSequence }
    package var querySize: Int { headCount * headSize }
    package var keyValueSize: Int { keyValueHeadCount * headSize }

    package init(
        vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, layerCount: Int, headCount: Int,
        keyValueHeadCount: Int, headSize: Int, normEpsilon: Float, ropeTheta: Double, contextLength: Int,
        tiedEmbeddings: Bool, beginningOfSequence: Int?, endOfSequence: [Int], architecture: Architecture = .llama
    ) {
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.headSize = headSize
        self.normEpsilon = normEpsilon
        self.ropeTheta = ropeTheta
        self.contextLength = contextLength
        self.tiedEmbeddings = tiedEmbeddings
        self.beginningOfSequence = beginningOfSequence
        self.endOfSequence = endOfSequence
        self.architecture = architecture
    }

    /// A fixed spelling of all values of `config.json` that change computations or ends of completions; part of the model's
    /// digest.
    package var canonicalDescription: String {
        "\(architecture.name) vocabulary=\(vocabularySize) hidden=\(hiddenSize) intermediate=\(intermediateSize) layers=\(layerCount) "
            + "heads=\(headCount) kv=\(keyValueHeadCount) head=\(headSize) epsilon=\(normEpsilon) theta=\(ropeTheta) "
            + "tied=\(tiedEmbeddings) context=\(contextLength) bos=\(beginningOfSequence.map(String.init) ?? "none") "
            + "eos=\(endOfSequence)" + architecture.canonicalDescription
    }
}
