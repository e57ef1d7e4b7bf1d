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

    /// Refuses a folder whose weights or tokenizer are only in a format that t2 does not read.
    ///
    /// - Throws: `InputError` that names the file.
    static func checkFormats(_ path: String) throws {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        func refuse(_ name: String, _ problem: String, _ remedy: String) -> InputError {
            InputError(path, "has \(name)\(problem)", remedy: remedy, exitStatus: .noInput)
        }
        let save = "load it in transformers and call save_pretrained"
        if !names.contains("model.safetensors"), !names.contains("model.safetensors.index.json") {
            if let name = names.first(where: { $0.hasPrefix("pytorch_model") && $0.contains(".bin") }) {
                throw refuse(
                    name, ", which may run code when it is read, and no model.safetensors",
                    "Use a safetensors version of the model, or \(save).")
            }
            if let name = names.first(where: { $0.lowercased().hasSuffix(".gguf") }) {
                throw refuse(name, " and no model.safetensors", importRemedy)
            }
            if let name = names.first(where: { $0.hasPrefix("consolidated") }) {
                throw refuse(
                    name, ", the weights in their maker's own format, and no model.safetensors",
                    "Use the Hugging Face version of the model.")
            }
            if names.contains("adapter_config.json") {
                throw refuse(
                    "adapter_config.json: it is an adapter", " and no model",
                    "Give the base model's folder with --model, and this one with --expert.")
            }
        }
        if !names.contains("tokenizer.json"),
            let name = names.first(where: { $0 == "tokenizer.model" || $0 == "vocab.json" })
        {
            throw refuse(
                name, " and no tokenizer.json",
                "Use a version of the model that has it, or load the tokenizer with transformers' AutoTokenizer and call "
                    + "save_pretrained.")
        }
    }
}
