/// The class of which transformers makes a folder's tokenizer, as far as it decides about added tokens. Such a class takes only the
/// vocabulary and the merges from `tokenizer.json`, and adds the tokens that the other files list, and its own special tokens.
///
/// What else a class sets up anew, the splitting of text before all, is taken from `tokenizer.json` here.
/// - Source: transformers 5.23, `models/auto/tokenization_auto.py` and the classes' modules.
struct TokenizerClass: Sendable {
    let name: String
    /// The special tokens that the class has unless a file says otherwise, by their keys.
    let named: [String: String]
    /// The special tokens with keys that only this class has, in the order in which it adds them.
    var specific: [(key: String, content: String)] = []
    /// Whether the class adds all special tokens again at last, without the flags that a file gives them.
    var clearsFlags = false

    private static let sentencePiece = ["unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"]
    private static func endOfText(_ names: String...) -> [String: String] {
        Dictionary(uniqueKeysWithValues: names.map { ($0, "<|endoftext|>") })
    }

    private static let all = [
        TokenizerClass(name: "LlamaTokenizer", named: sentencePiece),
        TokenizerClass(
            name: "CodeLlamaTokenizer", named: sentencePiece,
            specific: [
                ("prefix_token", "▁<PRE>"), ("middle_token", "▁<MID>"), ("suffix_token", "▁<SUF>"),
                ("eot_token", "▁<EOT>"), ("fill_token", "<FILL_ME>"),
            ]),
        TokenizerClass(
            name: "Qwen2Tokenizer", named: endOfText("unk_token", "eos_token", "pad_token"), clearsFlags: true),
        TokenizerClass(name: "GPT2Tokenizer", named: endOfText("unk_token", "bos_token", "eos_token")),
        TokenizerClass(
            name: "GPTNeoXTokenizer",
            named: endOfText("unk_token", "bos_token", "eos_token").merging(["pad_token": "<|padding|>"]) { $1 }),
    ]

    /// The class of a folder's tokenizer; nil for the general one, which reads all of `tokenizer.json`.
    ///
    /// - Parameters:
    ///   - declared: the key `tokenizer_class`.
    ///   - modelType: the key `model_type` of `config.json`.
    ///   - isByteLevel: whether `tokenizer.json` has a part of the type ByteLevel.
    static func of(declared: String?, modelType: String?, isByteLevel: () throws -> Bool) rethrows -> TokenizerClass? {
        let declared = declared.map { $0.hasSuffix("Fast") ? String($0.dropLast(4)) : $0 }
        func named(_ name: String) -> TokenizerClass? { all.first { $0.name == name } }
        switch (modelType, declared) {
        case ("mistral", _): return nil
        case ("qwen2", _), ("qwen3", nil): return named("Qwen2Tokenizer")
        case (_, "LlamaTokenizer"): return try isByteLevel() ? nil : named("LlamaTokenizer")
        case (_, let declared): return declared.flatMap(named)
        }
    }
}
