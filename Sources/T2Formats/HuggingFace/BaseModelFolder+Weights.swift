import Foundation
import T2Core

/// Checks of weights before they are used.
extension BaseModelFolder {
    private static let (tableName, headName) = ("model.embed_tokens.weight", "lm_head.weight")

    /// The tensor that holds the embedding: the head's, if the two are tied and only the head is stored.
    package var embeddingName: String { Self.embeddingName(weights, configuration) }

    private static func embeddingName(_ weights: WeightFiles, _ configuration: ModelConfiguration) -> String {
        configuration.tiedEmbeddings && weights[tableName] == nil && weights[headName] != nil ? headName : tableName
    }

    private static func needed(
        _ weights: WeightFiles, _ configuration: ModelConfiguration
    ) -> [(name: String, shape: [Int])] {
        let embedding = embeddingName(weights, configuration)
        return configuration.weights.map { ($0.name == tableName ? embedding : $0.name, $0.shape) }
    }

    /// Checks every weight that the model needs, before any of them is loaded.
    ///
    /// - Throws: as `file(ofChecked:shape:)`, for the first weight at fault.
    package func checkWeights() throws {
        for (name, shape) in Self.needed(weights, configuration) { _ = try file(ofChecked: name, shape: shape) }
    }

    /// Checks by the files' headers that the folder has the weights of this configuration, in types of weights, and no
    /// others.
    ///
    /// - Throws: `SafetensorsError` or `InputError`, naming the tensor.
    static func checkNames(_ weights: WeightFiles, _ configuration: ModelConfiguration, path: String) throws {
        let needed = needed(weights, configuration)
        for (name, _) in needed { _ = try file(weights, name, path: path) }
        let known = Set(needed.map(\.name))
        for file in weights.files {
            let unknown = file.tensors.filter { name, tensor in
                !known.contains(name) && tensor.element.isWeight && isParameter(name)
                    && !(name == headName && configuration.tiedEmbeddings)
            }
            guard let name = unknown.keys.min() else { continue }
            throw InputError(
                file.path,
                "holds '\(name)', which a model of model_type \(configuration.architecture.name) with this config.json does not have",
                remedy:
                    "t2 would compute another model than these weights are of. Take config.json and the weights from "
                    + "the same model.")
        }
        try checkTie(weights, configuration, path: path)
    }

    /// Whether a tensor of this name would take part in the computation. Old files also hold tables of frequencies, which
    /// are computed anew.
    private static func isParameter(_ name: String) -> Bool {
        (name.hasPrefix("model.") || name.hasPrefix("lm_head.")) && !name.hasSuffix(".rotary_emb.inv_freq")
    }

    /// Refuses a head of its own in a model whose embeddings are tied.
    private static func checkTie(_ weights: WeightFiles, _ configuration: ModelConfiguration, path: String) throws {
        guard configuration.tiedEmbeddings, let table = weights[tableName], let head = weights[headName] else { return }
        let areEqual = try table.withBytes(of: tableName) { first in
            try head.withBytes(of: headName) { second in
                first.count == second.count && memcmp(first.baseAddress!, second.baseAddress!, first.count) == 0
            }
        }
        guard areEqual else {
            throw InputError(
                "\(path)/config.json",
                "ties the embeddings (tie_word_embeddings), but '\(headName)' and '\(tableName)' in the weights differ",
                remedy: "Set tie_word_embeddings to false if the model has a head of its own, or remove '\(headName)'.")
        }
    }

    /// The file that holds a weight, after checking its type by the header.
    private static func file(_ weights: WeightFiles, _ name: String, path: String) throws -> SafetensorsFile {
        guard let file = weights[name], let tensor = file.tensors[name] else {
            throw missing(weights, name, path: path)
        }
        guard tensor.element.isWeight else {
            guard tensor.element.isQuantised else {
                throw SafetensorsError.unexpectedElement(
                    path: file.path, name: name, expected: "F32, F16 or BF16", found: tensor.element.rawValue)
            }
            throw quantised(file.path, "tensor '\(name)' has elements of type \(tensor.element.rawValue)")
        }
        return file
    }

    private static func missing(_ weights: WeightFiles, _ name: String, path: String) -> any Error {
        let module = name.replacing(/weight$/, with: "")
        for file in weights.files {
            if file.tensors[name] != nil {
                return InputError(
                    "\(path)/model.safetensors.index.json",
                    "does not name the tensor '\(name)', which is in \(file.path)",
                    remedy: "Download the index and all shards again, from the same place.")
            }
            let parts = ["qweight", "weight_packed", "weight_quantized", "blocks", "codes", "scales", "W_q"]
            if let part = parts.first(where: { file.tensors[module + $0] != nil }) {
                return quantised(file.path, "there is '\(module)\(part)' instead of '\(name)'")
            }
        }
        guard name == headName else {
            let held =
                weights.files.flatMap(\.tensors.keys).min().map { "; its weights hold for example '\($0)'" } ?? ""
            return InputError(
                path, "has no tensor '\(name)'\(held)",
                remedy:
                    "Take config.json and the weights from the same model, as transformers saves a model with a head "
                    + "(…ForCausalLM).")
        }
        return InputError(
            path, "has no tensor '\(headName)', and config.json does not tie the head to the embedding",
            remedy:
                "Set tie_word_embeddings to true in config.json if the model ties them, or download the weights again.")
    }

    private static func quantised(_ path: String, _ evidence: String) -> InputError {
        InputError(
            path, "the weights are quantised: \(evidence), expected F32, F16 or BF16",
            remedy: "Use the folder that was quantised, or load this one in transformers, dequantize() and save it.")
    }

    /// The file that holds a weight, after checking its type and shape, and that it is finite.
    ///
    /// - Throws: `SafetensorsError`, or `InputError` for a NaN or an infinity; both name weight and file.
    package func file(ofChecked name: String, shape: [Int]) throws -> SafetensorsFile {
        let file = try Self.file(weights, name, path: path)
        let found = file.tensors[name]?.shape ?? []
        guard found == shape else {
            throw SafetensorsError.unexpectedShape(path: file.path, name: name, expected: shape, found: found)
        }
        guard !nonFinite.contains(name) else {
            throw InputError(
                file.path, "tensor '\(name)' holds a NaN or an infinity, expected finite weights",
                remedy: "Copy or download the model again; if training produced it, use an earlier checkpoint.")
        }
        return file
    }
}
