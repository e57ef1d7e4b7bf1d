import ArgumentParser
import T2CommandLine
import T2Core
import T2Formats
import T2Text

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
        let description = ModelDescription(folder, tokenizer)
        try StandardOutput.write(json ? JSONText.line(description) : description.text)
    }
}

/// What `t2 inspect` prints.
struct ModelDescription: Encodable {
    struct TargetSize: Encodable {
        let matrices: Int
        let z_values: Int
        /// U, σ and V of the matrices, float32.
        let decomposition_bytes: Int
        /// One merged copy of the matrices, float32.
        let merged_bytes: Int
    }

    let path: String
    let digest: String
    let tokenizer_digest: String
    let parameters: Int
    let element_types: [String]
    let layers: Int
    let hidden_size: Int
    let intermediate_size: Int
    let heads: Int
    let key_value_heads: Int
    let head_size: Int
    let vocabulary: Int
    let tokenizer_vocabulary: Int
    let context: Int
    /// The tokens that end a completion, and the file that names them.
    let end_tokens: [Int]
    let end_tokens_source: String
    /// The file of the chat template; nil for a model that completes text.
    let chat_template: String?
    let tied_embeddings: Bool
    /// The spellings of the end tokens, for people.
    private let endTokens: String

    private enum CodingKeys: CodingKey {
        case path, digest, tokenizer_digest, parameters, element_types, layers, hidden_size, intermediate_size, heads
        case key_value_heads, head_size, vocabulary, tokenizer_vocabulary, context, end_tokens, end_tokens_source
        case chat_template, tied_embeddings, weight_bytes, cache_bytes_per_token, target_modules
    }
    /// The weights in memory, float32, with the head's transpose.
    let weight_bytes: Int
    /// The keys and values of one token of one sequence.
    let cache_bytes_per_token: Int
    let target_modules: [String: TargetSize]

    init(_ folder: BaseModelFolder, _ tokenizer: Tokenizer) {
        let c = folder.configuration
        let floatBytes = MemoryLayout<Float>.size
        path = folder.path
        digest = folder.digest.hexadecimal
        tokenizer_digest = folder.tokenizerDigest.hexadecimal
        parameters = folder.files.flatMap(\.tensors.values).reduce(0) { $0 + $1.count }
        element_types = folder.elementTypes
        layers = c.layerCount
        hidden_size = c.hiddenSize
        intermediate_size = c.intermediateSize
        heads = c.headCount
        key_value_heads = c.keyValueHeadCount
        head_size = c.headSize
        vocabulary = c.vocabularySize
        tokenizer_vocabulary = tokenizer.vocabularySize
        context = c.contextLength
        end_tokens = c.endTokens
        end_tokens_source = c.generationEndOfSequence == nil ? "config.json" : "generation_config.json"
        endTokens = c.endTokens.map { "\($0) \(tokenizer.decode([Int32($0)], skipSpecialTokens: false))" }
            .joined(separator: ", ")
        chat_template = tokenizer.chatTemplate?.path
        tied_embeddings = c.tiedEmbeddings
        weight_bytes = floatBytes * (parameters + c.vocabularySize * c.hiddenSize)
        cache_bytes_per_token = floatBytes * 2 * c.keyValueSize * c.layerCount
        target_modules = TargetModules.allCases.reduce(into: [:]) { sizes, targets in
            let kinds = MatrixKind.allCases.filter { $0.isTarget(of: targets) }
            func sum(_ size: (MatrixKind) -> Int) -> Int { c.layerCount * kinds.reduce(0) { $0 + size($1) } }
            sizes[targets.rawValue] = TargetSize(
                matrices: c.layerCount * kinds.count, z_values: sum { $0.rank(c) },
                decomposition_bytes: floatBytes * sum { $0.rank(c) * ($0.shape(c).rows + $0.shape(c).columns + 1) },
                merged_bytes: floatBytes * sum { $0.shape(c).rows * $0.shape(c).columns })
        }
    }

    var text: String {
        let attention = "\(heads) heads of \(head_size) (\(key_value_heads) key-value)"
        let head = tied_embeddings ? "head tied to the embedding" : "head of its own"
        let perToken = PlainText.bytes(cache_bytes_per_token)
        var rows: [(name: String, value: String)] = [
            ("model", path), ("digest", digest),
            ("tokenizer", "\(tokenizer_digest.prefix(12)), \(PlainText.count(tokenizer_vocabulary)) tokens"),
            ("parameters", "\(PlainText.count(parameters)), stored as \(element_types.joined(separator: ", "))"),
            ("shape", "\(layers) layers, hidden \(hidden_size), feed-forward \(intermediate_size), \(attention)"),
            ("vocabulary", "\(PlainText.count(vocabulary)), \(head)"),
            ("context", "\(PlainText.count(context)) tokens"),
            ("ends with", "\(endTokens.isEmpty ? "no token" : endTokens), by \(end_tokens_source)"),
            ("prompts", chat_template.map { "chat, by \($0)" } ?? "plain text: the folder has no chat template"),
            ("memory", "\(PlainText.bytes(weight_bytes)) of weights, \(perToken) per token in flight"),
        ]
        for targets in TargetModules.allCases {
            guard let size = target_modules[targets.rawValue] else { continue }
            let memory =
                "decomposed \(PlainText.bytes(size.decomposition_bytes)), merged \(PlainText.bytes(size.merged_bytes))"
            let values = "\(size.matrices) matrices, \(PlainText.count(size.z_values)) z values"
            rows.append(("train \(targets.rawValue)", "\(values); \(memory)"))
        }
        return PlainText.table(rows)
    }
}
