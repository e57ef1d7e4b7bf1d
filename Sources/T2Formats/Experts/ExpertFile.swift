import Foundation
import T2Core

/// An expert on disk: safetensors, one float32 vector per adapted weight under its Hugging Face name.
package struct ExpertFile: Sendable, Equatable {
    /// The metadata of an expert file. t2 writes all of it; files of other programs need only `format`.
    package struct Description: Sendable, Equatable {
        /// Nil if the file does not name its base model.
        package var modelDigest: Digest?
        package var task: String?
        package var parameterisation: String?
        package var step: Int?
        package var seed: UInt64?
        /// Measures such as accuracies by name: `validation-accuracy`, `base-validation-accuracy`.
        package var measures: [String: String]

        package init(
            modelDigest: Digest?, task: String? = nil, parameterisation: String? = nil, step: Int? = nil,
            seed: UInt64? = nil, measures: [String: String] = [:]
        ) {
            self.modelDigest = modelDigest
            self.task = task
            self.parameterisation = parameterisation
            self.step = step
            self.seed = seed
            self.measures = measures
        }
    }

    package static let format = "t2-expert/1"

    package let description: Description
    package let vector: ExpertVector

    package init(description: Description, vector: ExpertVector) {
        self.description = description
        self.vector = vector
    }

    /// The policy of the expert's vector.
    package var policy: Policy {
        description.parameterisation == AdapterKind.lora.rawValue ? .lora(vector) : .svf(vector)
    }

    package func write(to path: String) throws {
        try SafetensorsWriter.write(vector.tensors, metadata: description.metadata(format: Self.format), to: path)
    }

    /// Reads an expert without checking it against a base model, to list, show or mix it.
    ///
    /// - Throws: `SystemError`, `SafetensorsError`, or `InputError` if it is no expert file or has non-finite values.
    package init(path: String) throws {
        guard !isFolder(path) else {
            throw InputError(
                path, "is a folder, expected an expert file",
                remedy: "A PEFT LoRA folder can be run (--expert) and shown: t2 experts show \(path).")
        }
        let file = try SafetensorsFile(path: path)
        let format = file.metadata["format"]
        guard format == Self.format else {
            let found = format.map { "format '\($0)', expected '\(Self.format)'" } ?? "no 'format'"
            if let format, format.hasPrefix("t2-expert/") {
                throw InputError(path, "has \(found)", remedy: "Update t2.")
            }
            throw InputError(
                path, "not an expert file: its metadata has \(found)",
                remedy: "Give a file written by t2-coord (expert-best.safetensors) or t2 experts mix.")
        }
        description = try Description(metadata: file.metadata, path: path)
        let names = file.tensors.keys.sorted { file.tensors[$0]!.range.lowerBound < file.tensors[$1]!.range.lowerBound }
        let layout = ExpertLayout(entries: names.map { .init(name: $0, count: file.tensors[$0]!.count) })
        vector = ExpertVector(layout: layout, values: try names.flatMap { try file.floats(of: $0) })
        if let name = vector.firstNonFinite {
            throw InputError(
                path, "'\(name)' holds a NaN or an infinity",
                remedy: "Use another expert, or train it again with a lower learning-rate.")
        }
    }

    /// Reads an expert, or a LoRA adapter from its PEFT folder, and checks that it fits this base model.
    ///
    /// - Throws: as `init(path:)`, and `InputError` if it was trained on another model or does not fit its shapes.
    package init(path: String, for model: BaseModelFolder) throws {
        if isFolder(path) {
            self = try PEFTFolder(path: path, for: model).expert(of: model)
            return
        }
        try self.init(path: path)
        try description.check(model, path: path)
        if case .lora = policy {
            _ = try LoRALayout(vector.layout, of: model.configuration, location: path)
            return
        }
        let expected = ExpertLayout(model: model.configuration, targets: .all).entries
        let counts = Dictionary(uniqueKeysWithValues: expected.map { ($0.name, $0.count) })
        for entry in vector.layout.entries where counts[entry.name] != entry.count {
            let needed = counts[entry.name].map { "this model needs \($0)" } ?? "this model has no such weight"
            throw InputError(
                path, "'\(entry.name)' has \(entry.count) values, \(needed)", remedy: "See: t2 experts show \(path)")
        }
    }
}

extension ExpertVector {
    /// One tensor for each entry of the layout, under its name.
    package var tensors: [SafetensorsWriter.Tensor] {
        layout.entries.enumerated().map { .init(name: $1.name, shape: [$1.count], values: Array(self[entry: $0])) }
    }
}

extension ExpertFile.Description {
    /// The description as the metadata of a file in the named format.
    func metadata(format: String) -> [String: String] {
        var metadata = measures.reduce(into: ["format": format]) { $0["measure.\($1.key)"] = $1.value }
        metadata["base-model-digest"] = modelDigest?.hexadecimal
        metadata["task"] = task
        metadata["parameterisation"] = parameterisation
        metadata["step"] = step.map(String.init)
        metadata["seed"] = seed.map(String.init)
        return metadata
    }

    /// Checks that the expert, read from `path`, belongs to a base model, if it names one.
    ///
    /// - Throws: `InputError` for another base model.
    func check(_ model: BaseModelFolder, path: String) throws {
        if let digest = modelDigest, digest != model.digest {
            throw InputError(
                path,
                "was trained on another base model: digest \(digest.short), \(model.path) has \(model.digest.short)",
                remedy: "See: t2 experts show \(path)")
        }
    }

    /// Reads a file's metadata.
    ///
    /// - Throws: `InputError` naming a key whose value cannot be read.
    package init(metadata: [String: String], path: String) throws {
        func read<Value>(_ key: String, _ expected: String, _ convert: (String) -> Value?) throws -> Value? {
            guard let text = metadata[key] else { return nil }
            guard let value = convert(text) else {
                throw InputError(
                    path, "its metadata is damaged: '\(key)' is '\(text.prefix(80))', expected \(expected)",
                    remedy: "Copy the file again.")
            }
            return value
        }
        var measures: [String: String] = [:]
        for (key, value) in metadata where key.hasPrefix("measure.") { measures[String(key.dropFirst(8))] = value }
        self.init(
            modelDigest: try read("base-model-digest", "64 hexadecimal characters") { Digest(hexadecimal: $0) },
            task: metadata["task"], parameterisation: metadata["parameterisation"],
            step: try read("step", "a whole number") { Int($0) },
            seed: try read("seed", "a whole number of 0 or more") { UInt64($0) }, measures: measures)
    }
}
