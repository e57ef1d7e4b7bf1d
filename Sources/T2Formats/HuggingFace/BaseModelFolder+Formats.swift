import Foundation
import T2Core

/// Folders and files of other formats, which are refused by the format's name.
extension BaseModelFolder {
    private static let remedy = "Give a Hugging Face model folder (config.json, model.safetensors, tokenizer.json)."
    private static let importRemedy = "Convert it to a Hugging Face folder: scripts/import_gguf FILE --output DIR"

    /// - Throws: `InputError` if there is no folder at this path.
    package static func requireFolder(_ path: String) throws {
        guard !isFolder(path) else { return }
        guard FileManager.default.fileExists(atPath: path) else {
            throw InputError(path, "no such folder", remedy: remedy, exitStatus: .noInput)
        }
        let start = FileHandle(forReadingAtPath: path).flatMap { try? $0.read(upToCount: 4) }
        throw start == Data("GGUF".utf8)
            ? InputError(path, "is a GGUF file, expected a folder", remedy: importRemedy, exitStatus: .noInput)
            : InputError(path, "is a file, expected a folder", remedy: remedy, exitStatus: .noInput)
    }

    /// Refuses a folder that lacks a file, or whose weights or tokenizer are only in a format that t2 does not read.
    ///
    /// - Throws: `InputError` that names the files.
    static func checkFormats(_ path: String) throws {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        if !names.contains("model.safetensors"), !names.contains("model.safetensors.index.json") {
            throw missingWeights(path, names)
        }
        guard names.contains("config.json") else { throw missing("config.json", path, names) }
        guard names.contains("tokenizer.json") else {
            let other = names.first {
                $0.hasSuffix(".model") || $0.hasSuffix(".tiktoken") || ["vocab.json", "tekken.json"].contains($0)
            }
            guard let other else { throw missing("tokenizer.json", path, names) }
            throw InputError(
                path, "has \(other) and no tokenizer.json",
                remedy:
                    "Use a version of the model that has it, or load the tokenizer with transformers' AutoTokenizer and call "
                    + "save_pretrained.", exitStatus: .noInput)
        }
    }

    private static func missingWeights(_ path: String, _ names: [String]) -> InputError {
        func refuse(_ name: String, _ problem: String, _ remedy: String) -> InputError {
            InputError(path, "has \(name)\(problem)", remedy: remedy, exitStatus: .noInput)
        }
        func first(_ isMeant: (String) -> Bool) -> String? { names.first { isMeant($0.lowercased()) } }
        let save = "load it in transformers and call save_pretrained"
        if let name = first({ $0.hasPrefix("pytorch_model") && $0.contains(".bin") }) {
            return refuse(
                name, ", which may run code when it is read, and no model.safetensors",
                "Use a safetensors version of the model, or \(save).")
        }
        if let name = first({ $0.hasSuffix(".gguf") }) {
            return refuse(name, " and no model.safetensors", importRemedy)
        }
        if let name = first({ $0.hasPrefix("consolidated") }) {
            return refuse(
                name, ", the weights in their maker's own format, and no model.safetensors",
                "Use the Hugging Face version of the model.")
        }
        if names.contains("adapter_config.json") {
            return refuse(
                "adapter_config.json: it is an adapter", " and no model",
                "Give the base model's folder with --model, and this one with --expert.")
        }
        if let name = first({ $0.hasPrefix("model-") && $0.contains("-of-") && $0.hasSuffix(".safetensors") }) {
            return refuse(
                name, ", a part of the weights, and no model.safetensors.index.json", "Copy the index and all parts.")
        }
        if let name = first({ $0.hasSuffix(".safetensors") }) {
            return refuse(
                name, " and no model.safetensors",
                "If it holds all weights of the model, rename it to model.safetensors.")
        }
        if let name = first({
            [".h5", ".msgpack", ".onnx", ".pt", ".pth", ".bin", ".ckpt"].contains(where: $0.hasSuffix)
        }) {
            return refuse(
                name, ", weights in a format that t2 does not read, and no model.safetensors",
                "Use a safetensors version of the model, or \(save).")
        }
        return missing("model.safetensors", path, names)
    }

    private static func missing(_ name: String, _ path: String, _ names: [String]) -> InputError {
        let found = names.prefix(5).map { printable($0, limit: 60) }.joined(separator: ", ")
        return InputError(
            path,
            "has no \(name); \(names.isEmpty ? "it is empty" : "it holds \(found)\(names.count > 5 ? ", …" : "")")",
            remedy: remedy, exitStatus: .noInput)
    }
}
