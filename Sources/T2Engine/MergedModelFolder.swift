import Foundation
import T2Core
import T2Formats
import T2Model
import T2Numerics

/// A base model with an expert merged into its weights, W′ = U diag(σ ⊙ z) Vᵀ or W + s·B·A, as a Hugging Face folder of its own.
package struct MergedModelFolder {
    /// Other files that loading and prompting a model may need; copied if present.
    private static let companions = [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model",
        "vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json", "generation_config.json",
    ]

    private let folder: BaseModelFolder
    private let expert: ExpertFile
    private let weights: MergedWeights
    /// The weights that the expert changes: those whose z is not 1 throughout, or whose B is not 0.
    private let changed: [String: (kind: MatrixKind, layer: Int)]

    /// The number of weights that the expert changes.
    package var changedCount: Int { changed.count }

    /// - Parameters:
    ///   - expert: an expert of this base model.
    ///   - progress: called during decomposition with the numbers of matrices done and in total.
    /// - Cost: weights, merged weights and factors in memory; 2·M·N·R flops per adapted weight.
    /// - Throws: errors of the decomposition; `InputError` if the expert does not fit the model.
    package init(
        _ base: BaseModel, expert: ExpertFile, cache: SingularValueCache = SingularValueCache(),
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws {
        let adapters = ModelAdapters(base, cache: cache, progress: progress)
        let prepared = try PolicySet(expert.policy, adapters).prepare()
        let vector = prepared.vectors[0]
        folder = base.folder
        self.expert = expert
        weights = prepared.adapter.merge(vector, on: LaneProducts(.alone))
        var changed: [String: (kind: MatrixKind, layer: Int)] = [:]
        let entries = vector.layout.entries.enumerated().map { ($1.name, vector[entry: $0]) }
        let values = Dictionary(uniqueKeysWithValues: entries)
        for layer in 0..<base.configuration.layerCount {
            for kind in MatrixKind.allCases {
                let z = values[kind.name(layer: layer)] ?? []
                let b = values[LoRAMatrix.name(layer: layer, kind: kind, .b)] ?? []
                guard z.contains(where: { $0 != 1 }) || b.contains(where: { $0 != 0 }) else { continue }
                changed[kind.name(layer: layer)] = (kind, layer)
            }
        }
        self.changed = changed
    }

    /// Writes the folder atomically. The bytes of an unchanged weight are copied if its type stays the same.
    ///
    /// - Parameter element: the type of all weights; nil keeps the type of each weight in the base model.
    /// - Throws: `InputError` if the path exists already or a weight does not fit the type; `SystemError`.
    package func write(to path: String, element: TensorElement? = nil) throws {
        try AtomicFolder.write(to: path) { temporary in
            try writeConfiguration(to: temporary + "/config.json", element)
            let named = ChatTemplateFile.namedFiles(folder.path)
            if let first = named.first { try createFolder(parentFolder(of: "\(temporary)/\(first)")) }
            for name in Self.companions + named {
                let source = "\(folder.path)/\(name)"
                guard FileManager.default.fileExists(atPath: source) else { continue }
                try AtomicFile.write(try MappedFile(path: source).data, to: "\(temporary)/\(name)")
            }
            try writeWeights(to: temporary + "/model.safetensors", element)
        }
    }

    private func createFolder(_ path: String) throws(SystemError) {
        guard mkdir(path, 0o755) == 0 else { throw SystemError("create", path) }
    }

    private func writeWeights(to path: String, _ element: TensorElement?) throws {
        let files: [String: SafetensorsFile] = folder.files.reduce(into: [:]) { files, file in
            for name in file.tensors.keys { files[name] = file }
        }
        let entries = files.sorted { $0.key < $1.key }.map { name, file in
            let tensor = file.tensors[name]!
            let holdsWeights = tensor.element.configurationName != nil
            let target = holdsWeights ? element ?? tensor.element : tensor.element
            return SafetensorsWriter.Entry(name: name, element: target, shape: tensor.shape)
        }
        let metadata = [
            // The transformers library requires this.
            "format": "pt",
            "base-model-digest": folder.digest.hexadecimal,
            "expert-digest": Digest(of: expert.vector.values).hexadecimal,
            "expert-task": expert.description.task ?? "unknown",
        ]
        let loader = WeightLoader(folder)
        try SafetensorsWriter.write(entries, metadata: metadata, to: path) { entry, append in
            let values: FloatBuffer
            if let (kind, layer) = changed[entry.name] {
                values = weights.weight(kind, layer: layer)
            } else if entry.element != files[entry.name]!.tensors[entry.name]!.element {
                values = try loader.load(entry.name, shape: entry.shape)
            } else {
                return try files[entry.name]!.withBytes(of: entry.name) { try append($0) }
            }
            try HalfPrecision.narrow(values, to: entry.element, name: entry.name).withUnsafeBytes { try append($0) }
        }
    }

    /// Copies the base model's configuration with the new weight type, since loaders convert weights to the type named there.
    private func writeConfiguration(to path: String, _ element: TensorElement?) throws {
        var text = String(decoding: try MappedFile(path: folder.path + "/config.json").data, as: UTF8.self)
        if let name = element?.configurationName {
            text.replace(/("(?:torch_)?dtype"\s*:\s*)"[a-z0-9]+"/) { "\($0.1)\"\(name)\"" }
        }
        try AtomicFile.write(text, to: path)
    }
}

extension TensorElement {
    /// The name in `config.json`; nil for types that hold no weights.
    package var configurationName: String? {
        switch self {
        case .float32: "float32"
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        default: nil
        }
    }
}
