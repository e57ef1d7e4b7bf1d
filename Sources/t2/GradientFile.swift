import T2Core

/// A gradient on disk: safetensors, one float32 vector per weight under its Hugging Face name.
enum GradientFile {
    /// - Throws: `SystemError`.
    static func write(_ gradient: ExpertVector, model: BaseModelFolder, to destination: OutputDestination) throws {
        let tensors = gradient.layout.entries.enumerated().map { index, entry in
            SafetensorsWriter.Tensor(name: entry.name, shape: [entry.count], values: Array(gradient[entry: index]))
        }
        try SafetensorsWriter.write(
            tensors, metadata: ["format": "t2-gradient/1", "base-model-digest": model.digest.hexadecimal],
            to: destination.path)
    }
}
