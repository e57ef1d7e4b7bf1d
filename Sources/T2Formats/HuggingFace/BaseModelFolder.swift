import Foundation
import T2Core

/// A Hugging Face model folder: its configuration, files and digests, without the weights in memory.
package struct BaseModelFolder: Sendable {
    package private(set) var path: String
    package let configuration: ModelConfiguration
    let weights: WeightFiles
    /// The digest of the configuration and every tensor. How the tensors are split into files does not change it.
    package let digest: Digest
    /// The digest of the tokenizer and, where the folder has them, of the tokens that other files declare, of the chat template and of
    /// end tokens that `config.json` does not name.
    package let tokenizerDigest: Digest

    /// The tensors of weights that hold a NaN or an infinity, found when the digest was computed.
    let nonFinite: Set<String>

    /// The type in which the weights are to be held and multiplied.
    package private(set) var weightType = WeightType.float32

    package var files: [SafetensorsFile] { weights.files }
    package var tokenizerPath: String { path + "/tokenizer.json" }
    /// The types of the weights, without repetition, such as `BF16`.
    package var elementTypes: [String] { Set(files.flatMap(\.tensors.values).map(\.element.rawValue)).sorted() }

    /// - Cost: one pass over all files, of which a few megabytes are in memory at a time.
    /// - Throws: `InputError`, `SystemError` or `SafetensorsError` naming the file at fault.
    package init(path: String) throws {
        try Self.requireFolder(path)
        try Self.checkFormats(path)
        self.path = path
        var configuration = try ModelConfiguration(path: path + "/config.json")
        configuration.generationEndOfSequence = try GenerationConfiguration.endOfSequence(folder: path)
        self.configuration = configuration
        tokenizerDigest = try Self.tokenizerDigest(path, configuration)
        weights = try WeightFiles(folder: path)
        try Self.checkNames(weights, configuration, path: path)
        (digest, nonFinite) = try Self.examine(configuration, weights.files)
    }

    /// The same model with a choice of the type in which its weights are held.
    ///
    /// - Throws: `InputError` (unavailable) for bfloat16 on a processor that does not multiply it.
    package func holding(_ choice: WeightChoice) throws(InputError) -> BaseModelFolder {
        let isMultiplied = MachineResources.multipliesBFloat16
        guard choice != .bf16 || isMultiplied else {
            throw InputError(
                "weights bf16", "this processor does not multiply bfloat16 (no avx512_bf16 in /proc/cpuinfo)",
                remedy: "Choose --weights f32.", exitStatus: .unavailable)
        }
        let holdsHalves = configuration.matrices(of: .all).allSatisfy { layer, kind in
            let name = kind.name(layer: layer)
            return files.contains { $0.tensors[name]?.element == .bfloat16 }
        }
        var folder = self
        folder.weightType =
            switch choice {
            case .f32: .float32
            case .bf16: .bfloat16
            case .auto: isMultiplied && holdsHalves ? .bfloat16 : .float32
            }
        return folder
    }

    /// The same model after its folder was renamed.
    package func renamed(to path: String) -> BaseModelFolder {
        var folder = self
        folder.path = path
        return folder
    }

    /// The default folder of the tasks' data: `data` beside the model folder, with links in the model's path resolved.
    package static func defaultData(model path: String) -> String {
        parentFolder(of: URL(fileURLWithPath: path).resolvingSymlinksInPath().path) + "/data"
    }

    /// The names of the files in a model's folder that t2 reads.
    ///
    /// - Throws: `InputError` or `SystemError` for an index that cannot be read.
    package static func fileNames(path: String) throws -> [String] {
        let optional = [
            "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json", "added_tokens.json",
            GenerationConfiguration.fileName,
        ]
        return ["config.json", "tokenizer.json"]
            + optional.filter { FileManager.default.fileExists(atPath: "\(path)/\($0)") }
            + (try WeightFiles.names(folder: path))
    }

    /// The digest of the tokenizer alone, unless the folder also declares tokens elsewhere, or has a chat template, or end tokens of its
    /// own for completions.
    private static func tokenizerDigest(_ path: String, _ configuration: ModelConfiguration) throws -> Digest {
        let tokenizer = try MappedFile(path: path + "/tokenizer.json").digest
        let template = try ChatTemplateFile(folder: path)
        let hasOtherEnds = Set(configuration.endTokens) != Set(configuration.endOfSequence)
        let tokens = try DeclaredTokens(folder: path).canonicalDescription
        guard template != nil || hasOtherEnds || !tokens.isEmpty else { return tokenizer }
        var builder = DigestBuilder()
        builder.update(tokenizer.hexadecimal)
        builder.update(tokens)
        if let template {
            builder.update("\u{0}template \(template.text ?? template.problem ?? "")")
            for (name, token) in template.specialTokens.sorted(by: { $0.key < $1.key }) {
                builder.update("\u{0}\(name)\u{0}\(token)")
            }
        }
        if hasOtherEnds { builder.update("\u{0}end tokens \(Set(configuration.endTokens).sorted())") }
        return builder.finalize()
    }

    /// The digest of the configuration and the tensors, and the names of the weights that are not finite.
    private static func examine(
        _ configuration: ModelConfiguration, _ files: [SafetensorsFile]
    ) throws -> (digest: Digest, nonFinite: Set<String>) {
        var builder = DigestBuilder()
        var nonFinite: Set<String> = []
        builder.update(configuration.canonicalDescription)
        let located = files.flatMap { file in file.tensors.map { (name: $0.key, tensor: $0.value, file: file) } }
        for (name, tensor, file) in located.sorted(by: { $0.name < $1.name }) {
            builder.update("\n\(name) \(tensor.element.rawValue) \(tensor.shape)\n")
            try file.forEachPiece(of: name) { piece in
                builder.update(piece)
                if !tensor.element.isFinite(piece) { nonFinite.insert(name) }
            }
        }
        return (builder.finalize(), nonFinite)
    }
}
