import Foundation
import T2Core

/// A LoRA adapter in the format of huggingface/peft: a folder of `adapter_config.json` and `adapter_model.safetensors`.
package struct PEFTFolder: Sendable, Equatable {
    package let configuration: PEFTConfiguration
    /// The metadata that t2 wrote. An adapter of another program has less of it, and no digest of its base model.
    package let description: ExpertFile.Description
    package let layout: LoRALayout
    /// A and B of each matrix as trained, without the scale.
    package let parameters: [Float]

    /// The prefix of peft's tensor names: peft wraps the model twice.
    package static let prefix = "base_model.model."
    private static let configurationName = "adapter_config.json"
    private static let weightsName = "adapter_model.safetensors"

    /// - Parameter vector: the vector that is run, with the scale in B.
    package init(
        configuration: PEFTConfiguration, description: ExpertFile.Description, layout: LoRALayout, vector: ExpertVector
    ) {
        precondition(vector.layout == layout.expertLayout)
        self.configuration = configuration
        self.description = description
        self.layout = layout
        parameters = layout.unscaled(vector.values)
    }

    /// The vector that is run, with the scale in B.
    package var vector: ExpertVector { ExpertVector(layout: layout.expertLayout, values: layout.scaled(parameters)) }

    /// Values in the adapter's layout, such as its parameters or their gradient, under peft's names.
    package func tensors(_ values: [Float]) -> [SafetensorsWriter.Tensor] {
        layout.matrices.enumerated().flatMap { index, matrix in
            LoRAFactor.allCases.map { factor in
                SafetensorsWriter.Tensor(
                    name: Self.prefix + matrix.name(factor), shape: matrix.shape(factor),
                    values: Array(values[layout.range(index, factor)]))
            }
        }
    }

    /// Writes the folder so that `peft` loads it; each of its files appears complete or not at all, and the same
    /// adapter gives the same bytes.
    ///
    /// - Throws: `SystemError`.
    package func write(to path: String) throws {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw SystemError("create", path) }
        try configuration.write(to: "\(path)/\(Self.configurationName)")
        // peft itself writes this format, and transformers looks for it.
        let metadata = description.metadata(format: "pt")
        try SafetensorsWriter.write(tensors(parameters), metadata: metadata, to: "\(path)/\(Self.weightsName)")
    }

    /// Reads an adapter without checking it against a base model.
    ///
    /// - Throws: `InputError`, `SystemError` or `SafetensorsError` naming the file at fault.
    package init(path: String) throws {
        let weightsPath = "\(path)/\(Self.weightsName)"
        try Self.checkFiles(path, weightsPath)
        let configuration = try PEFTConfiguration(path: "\(path)/\(Self.configurationName)")
        let file = try SafetensorsFile(path: weightsPath)
        layout = LoRALayout(try Self.matrices(file, configuration))
        self.configuration = configuration
        var description = try ExpertFile.Description(metadata: file.metadata, path: weightsPath)
        description.parameterisation = AdapterKind.lora.rawValue
        self.description = description
        parameters = try layout.matrices.flatMap { matrix in
            try LoRAFactor.allCases.flatMap { try file.floats(of: Self.prefix + matrix.name($0), widens: true) }
        }
        if let name = ExpertVector(layout: layout.expertLayout, values: parameters).firstNonFinite {
            throw InputError(weightsPath, "'\(name)' holds a NaN or an infinity", remedy: "Use an earlier checkpoint.")
        }
    }

    /// Reads an adapter and checks that it fits this base model, whose digest t2's own adapters record.
    ///
    /// - Throws: as `init(path:)`, and `InputError` for another base model, or for a tokenizer or a template of its own that differs
    ///   from the base model's.
    package init(path: String, for model: BaseModelFolder) throws {
        try self.init(path: path)
        try description.check(model, path: path)
        for matrix in layout.matrices {
            func misfit(_ problem: String) -> InputError {
                let name = matrix.kind.name(layer: matrix.layer)
                return InputError(path, "changes '\(name)'\(problem)", remedy: "See: t2 experts show \(path)")
            }
            guard matrix.layer < model.configuration.layerCount else {
                throw misfit(", but this model has \(model.configuration.layerCount) layers")
            }
            let (rows, columns) = matrix.kind.shape(model.configuration)
            guard (rows, columns) == (matrix.outputs, matrix.inputs) else {
                throw misfit(
                    " as a matrix of [\(matrix.outputs), \(matrix.inputs)], but this model's is [\(rows), \(columns)]")
            }
        }
        try Self.checkCarried(by: "\(path)/\(Self.weightsName)", of: model)
        try Self.checkTokenizer(beside: path, of: model)
    }

    /// The adapter as an expert of the model that it was read for.
    package func expert(of model: BaseModelFolder) -> ExpertFile {
        var description = description
        description.modelDigest = model.digest
        return ExpertFile(description: description, vector: vector)
    }

    private static func checkFiles(_ path: String, _ weightsPath: String) throws {
        let manager = FileManager.default
        guard manager.fileExists(atPath: "\(path)/\(configurationName)") else {
            throw InputError(
                path, "is a folder without \(configurationName), expected an expert file or a PEFT LoRA folder",
                remedy: "Give a file or a folder that t2-coord or peft's save_pretrained wrote.", exitStatus: .noInput)
        }
        guard !manager.fileExists(atPath: weightsPath) else { return }
        let isPickle = manager.fileExists(atPath: path + "/adapter_model.bin")
        throw InputError(
            path, isPickle ? "holds adapter_model.bin, which may run code when it is read" : "has no \(weightsName)",
            remedy: isPickle
                ? "Save it with peft's save_pretrained(safe_serialization=True)." : "Copy the folder again.",
            exitStatus: .noInput)
    }

    /// The matrices whose factors a file holds, in the order of `LoRALayout`.
    private static func matrices(_ file: SafetensorsFile, _ configuration: PEFTConfiguration) throws -> [LoRAMatrix] {
        var layers: Set<Int> = []
        for name in file.tensors.keys.sorted() where !isCarried(name) {
            guard name.hasPrefix(prefix), let parts = LoRAMatrix.parts(of: name.dropFirst(prefix.count)) else {
                throw InputError(
                    file.path, "tensor '\(name)' is not a LoRA factor of a layer's weight",
                    remedy: "Train the adapter on \(MatrixKind.allCases.map(\.module).joined(separator: ", ")) alone.")
            }
            layers.insert(parts.layer)
        }
        guard !layers.isEmpty else {
            throw InputError(file.path, "holds no tensors", remedy: "Save the adapter again.")
        }
        let scales = try PEFTConfiguration.Scales(configuration, location: file.path)
        return try layers.sorted().flatMap { layer in
            try MatrixKind.allCases.compactMap { try matrix(file, layer, $0, scales) }
        }
    }

    private static func matrix(
        _ file: SafetensorsFile, _ layer: Int, _ kind: MatrixKind, _ scales: PEFTConfiguration.Scales
    ) throws -> LoRAMatrix? {
        let names = LoRAFactor.allCases.map { prefix + LoRAMatrix.name(layer: layer, kind: kind, $0) }
        let tensors = names.map { file.tensors[$0] }
        guard tensors.contains(where: { $0 != nil }) else { return nil }
        guard let a = tensors[0], let b = tensors[1] else {
            throw SafetensorsError.missingTensor(path: file.path, name: names[tensors[0] == nil ? 0 : 1])
        }
        func misshapen(_ factor: Int, _ shape: [Int], expected: String) -> InputError {
            InputError(
                file.path, "tensor '\(names[factor])' has shape \(shape), expected \(expected)",
                remedy: "Save the adapter again.")
        }
        guard a.shape.count == 2, a.shape.allSatisfy({ $0 > 0 }) else {
            throw misshapen(0, a.shape, expected: "[rank, inputs]")
        }
        guard b.shape.count == 2, b.shape[1] == a.shape[0], b.shape[0] > 0 else {
            throw misshapen(1, b.shape, expected: "[outputs, \(a.shape[0])]")
        }
        let scale = try scales.scale(of: "model.layers.\(layer).\(kind.rawValue)", rank: a.shape[0])
        return LoRAMatrix(
            layer: layer, kind: kind, rank: a.shape[0], inputs: a.shape[1], outputs: b.shape[0], scale: scale)
    }
}

extension MatrixKind {
    /// The last part of the name, such as `gate_proj`.
    package var module: String { String(rawValue.split(separator: ".")[1]) }
}
